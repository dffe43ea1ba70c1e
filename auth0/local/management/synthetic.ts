import type { LocalUser } from '../model.ts'

const roles = ['developer', 'reviewer', 'operator', 'manager']

const firstCreatedAtMs = Date.parse('2026-02-01T00:00:00.000Z')
/** This many users share a time of creation, as users of an import job do. */
const createdTogether = 3

/** Any number of users, the same each time, for paging, imports and load. All are members of `org_big`. */
export function syntheticUsers(count: number): LocalUser[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(6, '0')
    return {
      id: `auth0|synthetic${number}`,
      email: `user${number}@example.com`,
      emailVerified: true,
      name: `User ${number}`,
      nickname: `user${number}`,
      roles: [roles[index % roles.length] ?? 'developer'],
      groups: [`team-${index % 500}`],
      permissions: ['read:catalog'],
      organizations: ['org_big'],
      blocked: false,
      createdAt: new Date(firstCreatedAtMs + Math.floor(index / createdTogether) * 1000).toISOString(),
    }
  })
}
