import t from 'tap'

import { refreshedSession } from '../../src/oidc/refresh-session.ts'
import type { Tokens } from '../../src/oidc/session-from-tokens.ts'
import { sessionOf } from '../support/sessions.ts'

const names = { roles: ['roles'], groups: ['groups'], permissions: [], preferredUsername: [] }
const session = sessionOf({ authTimeSeconds: 1_000, acr: 'multi-factor', ceilingAt: 9_000, refreshedAt: 5_000 })
const tokens = (claims: object | undefined, refreshToken?: string) =>
  ({
    claims: () => claims && { iss: session.issuer, sub: session.subject, ...claims },
    refresh_token: refreshToken,
  }) as unknown as Tokens

t.test('a refresh maps the claims again and replaces the refresh token', async (t) => {
  const outcome = refreshedSession(
    session,
    tokens({ roles: ['admin'], email: 'j@example.com' }, 'second'),
    names,
    7_000,
  )
  t.same(outcome, {
    kind: 'refreshed',
    session: {
      ...session,
      claims: { email: 'j@example.com', roles: ['admin'], groups: [], permissions: [] },
      refreshToken: 'second',
      refreshedAt: 7_000,
    },
  })
})

t.test('amr, acr, auth_time and session_expiry stay those of the login, for any refreshed ID token', async (t) => {
  const later = { amr: ['pwd'], acr: 'none', auth_time: 99, session_expiry: 99_999, sid: 'other' }
  const outcome = refreshedSession(session, tokens(later), names, 7_000)
  const { amr, acr, authTimeSeconds, ceilingAt, providerSessionId } = session
  t.match(outcome, { session: { amr, acr, authTimeSeconds, ceilingAt, providerSessionId, refreshToken: 'first' } })
})

t.test('a refresh with another subject or organization ends the session', async (t) => {
  t.same(refreshedSession(session, tokens({ sub: 'auth0|eve' }), names, 7_000), {
    kind: 'ended',
    reason: 'subject-changed',
  })
  const organization = { kind: 'ended', reason: 'organization-changed' }
  t.same(refreshedSession(session, tokens({ org_id: 'org_b' }), names, 7_000), organization)
  const member = { ...session, claims: { ...session.claims, org_id: 'org_a' } }
  t.same(refreshedSession(member, tokens({}), names, 7_000), organization)
  t.match(refreshedSession(member, tokens({ org_id: 'org_a' }), names, 7_000), { kind: 'refreshed' })
})

t.test('an answer without an ID token leaves the claims unchanged', async (t) => {
  t.match(refreshedSession(session, tokens(undefined, 'second'), names, 7_000), {
    session: { claims: session.claims, refreshToken: 'second', refreshedAt: 7_000 },
  })
})

t.test('the time of a refresh always increases, even if the clock was set back', async (t) => {
  t.match(refreshedSession(session, tokens({}), names, 4_000), { session: { refreshedAt: 5_001 } })
})
