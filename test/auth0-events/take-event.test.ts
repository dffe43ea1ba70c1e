import t from 'tap'

import { createTakeEvent } from '../../src/auth0-events/event.ts'
import type { Revocation } from '../../src/revocation/mark.ts'
import { createSingleUse, type SingleUse } from '../../src/revocation/single-use.ts'

const issuer = 'https://tenant.example/'
const now = () => 1_000_000
const event = { id: 'evt_1', type: 'user.deleted', time: now(), object: { user_id: 'auth0|jane' } }
const gone = new Error('Redis is away')
const unavailable = { code: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE', cause: gone, headers: { 'retry-after': '5' } }

/** @param failures how many times in a row the others cannot be told */
function party(failures = 0, singleUse: SingleUse = createSingleUse(now)) {
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

t.test('an event revokes once, however often it comes', async (t) => {
  const { revoked, take } = party()
  t.same([await take(event), await take(event)], ['revoked', 'repeated'])
  t.same(revoked, [ended])
})

t.test('an event about nobody of ours is neither claimed nor revoked', async (t) => {
  const { revoked, take } = party()
  t.equal(await take({ ...event, type: 'user.created' }), 'ignored')
  t.equal(await take(event), 'revoked')
  t.same(revoked, [ended])
})

t.test('an event that the others could not be told of is asked for again, and is then no repetition', async (t) => {
  // The first delivery tries twice: the second time for this process alone.
  const { revoked, take } = party(2)
  await t.rejects(take(event), unavailable)
  t.equal(await take(event), 'revoked')
  t.same(revoked, [ended, ended, ended])
})

t.test('an event is in force here even when nobody can tell whether it came before', async (t) => {
  const released: string[] = []
  const singleUse = { claim: () => Promise.reject(gone), release: async (name: string) => void released.push(name) }
  const { revoked, take } = party(0, singleUse)
  await t.rejects(take(event), unavailable)
  t.same(revoked, [ended])
  t.same(released, ['event evt_1'])
})
