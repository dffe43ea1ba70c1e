import { randomBytes } from 'node:crypto'

import type { Session } from '../../src/session/session.ts'

/** A session as Auth0 makes them: a person with some roles and ten groups, and a refresh token. */
export function benchSession(number: number): Session {
  const now = Date.now()
  return {
    id: randomBytes(16).toString('base64url'),
    issuer: 'https://tenant.eu.auth0.com/',
    subject: `auth0|${number}`,
    providerSessionId: randomBytes(24).toString('base64url'),
    claims: {
      email: `person-${number}@example.com`,
      email_verified: true,
      name: `Person ${number}`,
      picture: `https://pictures.example.com/${number}.png`,
      roles: ['developer', 'oncall'],
      groups: Array.from({ length: 10 }, (_, i) => `team-${i}-of-person-${number}`),
      permissions: [],
    },
    amr: ['pwd', 'mfa'],
    refreshToken: randomBytes(48).toString('base64url'),
    createdAt: now,
    refreshedAt: now,
    usedAt: now,
  }
}
