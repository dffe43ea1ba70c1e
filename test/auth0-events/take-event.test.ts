import t from 'tap'

import { createTakeEvent } from '../../src/auth0-events/event.ts'
import type { Revocation } from '../../src/revocation/mark.ts'
import { createSingleUse, type SingleUse } from '../../src/revocation/single-use.ts'

const issuer = 'https://tenant.example/'
const now = () => 1_000_000
const event = { id: 'evt_1', type: 'user.deleted', time: now(), object: { user_id: 'auth0|jane' } }
const gone = new Error('Redis is away')
const unavailable = { code: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE', cause: gone, headers: { 'retry-after': '5' } }

/** @param failures how many times in a row publishing to other replicas fails */
function party(failures = 0, singleUse: Pick<SingleUse, 'claim'> = createSingleUse(now)) {
  const revoked: Revocation[][] = []
  let left = failures
  const revocations = {
    async revoke(...all: readonly Revocation[]) {
      revoked.push([...all])
      if (left-- > 0) throw gone
    },
  }
  return { revoked, take: createTakeEvent({ issuer, revocations, singleUse, now }) }
}

const ended = [{ issuer, subject: 'auth0|jane', createdBefore: now() + 1 }]

t.test('a repeated event is recognized, and revokes the same', async (t) => {
  const { revoked, take } = party()
  t.same([await take(event), await take(event)], ['revoked', 'repeated'])
  t.same(revoked, [ended, ended])
})

t.test('an event about no user is neither claimed nor revoked', async (t) => {
  const { revoked, take } = party()
  t.equal(await take({ ...event, type: 'user.created' }), 'ignored')
  t.equal(await take(event), 'revoked')
  t.same(revoked, [ended])
})

t.test('an event that could not be published is requested again, and does not count as repeated', async (t) => {
  const { revoked, take } = party(1)
  await t.rejects(take(event), unavailable)
  t.equal(await take(event), 'revoked')
  t.same(revoked, [ended, ended])
})

t.test('an event counts as handled only after its revocation: a process may die in between', async (t) => {
  const revoking = Promise.withResolvers<void>()
  const singleUse = createSingleUse(now)
  const dying = createTakeEvent({ issuer, revocations: { revoke: () => revoking.promise }, singleUse, now })
  void dying(event)
  t.equal(await party(0, singleUse).take(event), 'revoked')
  revoking.resolve()
})

t.test('an event takes effect here even if it is unknown whether it was handled before', async (t) => {
  const { revoked, take } = party(0, { claim: () => Promise.reject(gone) })
  await t.rejects(take(event), unavailable)
  t.same(revoked, [ended])
})
