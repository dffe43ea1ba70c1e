import type { LocalUser } from '../../auth0/local/model.ts'

/** The id of Jane, a user of the local Auth0 from the start. */
export const jane = 'auth0|64f1c0ffee0000000000a001'

/** The id of Bob, another user from the start. */
export const bob = 'auth0|64f1c0ffee0000000000a004'

/** A new user for `createUser`. */
export function userOf(given: Partial<LocalUser> = {}): LocalUser {
  return {
    id: 'auth0|new',
    email: 'new@example.com',
    emailVerified: true,
    name: 'New Comer',
    nickname: 'new',
    roles: [],
    groups: [],
    permissions: [],
    organizations: [],
    blocked: false,
    ...given,
  }
}
