import t from 'tap'

import type { GatewayError } from '../../src/errors/gateway-error.ts'
import { takeLogoutToken } from '../../src/oidc/backchannel-logout.ts'
import type { LogoutToken } from '../../src/oidc/logout-token.ts'
import type { Revocation } from '../../src/revocation/mark.ts'
import { createSingleUse, type SingleUse } from '../../src/revocation/single-use.ts'

const issuer = 'https://tenant.example/'
const now = () => 1_800_000_000_000
const token = {
  issuer,
  sid: 'sid-1',
  tokenId: 'j-1',
  issuedAtSeconds: now() / 1000,
  expiresAtSeconds: now() / 1000 + 120,
}
const gone = new Error('Redis is away')
const unavailable = { code: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE', cause: gone, headers: { 'retry-after': '5' } }
const ended = { issuer, sid: 'sid-1', createdBefore: now() + 1 }

/** @param failures how many times in a row publishing to other replicas fails */
function party(failures = 0, singleUse: SingleUse = createSingleUse(now)) {
  const revoked: Revocation[] = []
  let left = failures
  const revocations = {
    async revoke(...all: readonly Revocation[]) {
      revoked.push(...all)
      if (left-- > 0) throw gone
    },
  }
  return { revoked, party: { verify: async () => token, singleUse, revocations, now } }
}

t.test('a logout token is used once', async (t) => {
  const { revoked, party: us } = party()
  t.same(await takeLogoutToken(us, 'token'), token)
  await t.rejects(takeLogoutToken(us, 'token'), { code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', reason: 'replayed' })
  t.same(revoked, [ended])
})

t.test('a request without a logout token is refused', async (t) => {
  const { party: us } = party()
  const refused = { code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED', reason: 'missing' }
  for (const missing of [undefined, ['token', 'token']]) await t.rejects(takeLogoutToken(us, missing), refused)
})

t.test('a logout token that could not be published may be sent again', async (t) => {
  const { revoked, party: us } = party(1)
  const unshared: string[] = []
  const note = ({ tokenId }: LogoutToken, { code }: GatewayError): void => void unshared.push(`${tokenId} ${code}`)
  await t.rejects(takeLogoutToken(us, 'token', note), unavailable)
  t.same(unshared, ['j-1 STAGEDOOR_SESSION_STORE_UNAVAILABLE'])
  t.same(await takeLogoutToken(us, 'token'), token)
  t.same(revoked, [ended, ended])
})

t.test('a logout token ends the session here even if it is unknown whether it is a replay', async (t) => {
  const { revoked, party: us } = party(1, { claim: () => Promise.reject(gone), release: async () => undefined })
  await t.rejects(takeLogoutToken(us, 'token'), unavailable)
  t.same(revoked, [ended])
})

t.test('a used logout token is stored for longer than it is accepted past its expiry', async (t) => {
  let time = now()
  const clock = () => time
  const { party: us } = party(0, createSingleUse(clock))
  const acceptedUntil = token.expiresAtSeconds * 1000 + 30_000
  await takeLogoutToken({ ...us, now: clock }, 'token')
  time = acceptedUntil
  await t.rejects(takeLogoutToken({ ...us, now: clock }, 'token'), {
    code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED',
    reason: 'replayed',
  })
})
