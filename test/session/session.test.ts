import t from 'tap'

import { absoluteExpiryOf, expiryOf, isCurrent, isUseWorthNoting, type Session } from '../../src/session/session.ts'

const limits = { idleTimeoutMs: 60_000, absoluteTimeoutMs: 600_000 }
const session: Session = {
  id: 'ref',
  issuer: 'https://tenant.example/',
  subject: 'auth0|jane',
  claims: { roles: [], groups: [], permissions: [] },
  amr: [],
  createdAt: 1_000_000,
  refreshedAt: 1_000_000,
  usedAt: 1_000_000,
}

t.test('a session that nobody uses ends after the idle timeout', async (t) => {
  t.equal(expiryOf(session, limits), 1_060_000)
  t.equal(expiryOf({ ...session, usedAt: 1_050_000 }, limits), 1_110_000)
})

t.test('a session older than its absolute limit ends, even if active', async (t) => {
  t.equal(expiryOf({ ...session, usedAt: 1_599_000 }, limits), 1_600_000)
})

t.test('a session is invalid after it expires, and if its start is too far in the future', async (t) => {
  const rows = [
    [1_000_000, true],
    [1_059_999, true],
    [1_060_000, false],
    [400_000, true],
    [399_999, false],
  ] as const
  for (const [now, isThere] of rows) t.equal(isCurrent(session, limits, now), isThere, `at ${now}`)
})

t.test('an end set by the identity provider limits both', async (t) => {
  const capped = { ...session, usedAt: 1_030_000, ceilingAt: 1_040_000 }
  t.equal(expiryOf(capped, limits), 1_040_000)
  t.equal(absoluteExpiryOf(capped, limits), 1_040_000)
})

t.test('use is recorded when a tenth of the idle timeout has passed', async (t) => {
  t.equal(isUseWorthNoting(session, limits, 1_006_000), false)
  t.equal(isUseWorthNoting(session, limits, 1_006_001), true)
})
