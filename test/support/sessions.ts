import { randomBytes } from 'node:crypto'

import type { Session } from '../../src/session/session.ts'

export const sessionLimits = { idleTimeoutMs: 3_600_000, absoluteTimeoutMs: 43_200_000 }

/** A session that has just started, with the overrides of a test. */
export function sessionOf(change: Partial<Session> = {}): Session {
  const startedAt = Date.now() - 1_000
  return {
    id: randomBytes(16).toString('base64url'),
    issuer: 'https://tenant.example/',
    subject: 'auth0|jane',
    providerSessionId: 'sid-1',
    claims: { roles: ['developer'], groups: [], permissions: [] },
    amr: ['mfa'],
    refreshToken: 'first',
    createdAt: startedAt,
    refreshedAt: startedAt,
    usedAt: startedAt,
    ...change,
  }
}
