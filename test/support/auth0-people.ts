import type { LocalUser } from '../../auth0/local/model.ts'

/** The id of Jane, who is in the stand-in from the start. */
export const jane = 'auth0|64f1c0ffee0000000000a001'

/** The id of Bob, who is there too. */
export const bob = 'auth0|64f1c0ffee0000000000a004'

/** A user for `createUser` that the stand-in does not know yet. */
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
