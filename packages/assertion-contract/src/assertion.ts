/** Request header that carries the signed statement of who is asking. Only Stagedoor may set it. @public */
export const assertionHeader = 'X-Stagedoor-Assertion'

/**
 * JWS `typ` of a person's assertion (RFC 7515 §4.1.9): private, so that no other token of the same issuer passes for one.
 *
 * @public
 */
export const assertionType = 'stagedoor-assertion+jwt'

/**
 * JWS `typ` of the token with which a machine reaches Backstage. Never `vnd.backstage.*`, which Backstage refuses.
 *
 * @public
 */
export const machineTokenType = 'stagedoor-machine+jwt'

/** The only signature algorithm either side accepts (RFC 7518 §3.4). @public */
export const assertionAlgorithm = 'ES256'

/** Default `aud` of assertions. @public */
export const defaultAssertionAudience = 'urn:stagedoor:backstage'

/** Default `aud` of machine tokens; another one than for people, so that neither is taken for the other. @public */
export const defaultMachineAudience = 'urn:stagedoor:backstage-machine'

/** The longest an assertion may live, from `iat` to `exp`, in seconds. @public */
export const maxAssertionLifetimeSeconds = 300

/** Path of the public keys, relative to the issuer (Stagedoor's base URL). @public */
export const jwksPath = '/.stagedoor/jwks.json'

/** Catalog annotation that ties a User entity to its Auth0 user id. @public */
export const auth0UserIdAnnotation = 'auth0.com/user-id'

/**
 * Catalog annotation of a User entity: the refs, parted by spaces, of those groups that stand for the person's Auth0
 * roles when the catalog last looked. Sign-in knows the roles of now.
 *
 * @public
 */
export const auth0RoleGroupsAnnotation = 'auth0.com/role-groups'

/** Claims of a person's assertion. Times are seconds since the epoch (RFC 7519 §2, NumericDate). @public */
export type AssertionClaims = {
  /** Stagedoor's public base URL. */
  iss: string
  aud: string
  /** Auth0 user id, e.g. `auth0|64f…`. */
  sub: string
  iat: number
  /** At most {@link maxAssertionLifetimeSeconds} after `iat`. */
  exp: number
  jti: string
  /** Reference to the session, never the cookie's value. */
  sid: string
  kind: 'user'
  email?: string
  email_verified?: boolean
  name?: string
  preferred_username?: string
  picture?: string
  roles?: readonly string[]
  groups?: readonly string[]
  permissions?: readonly string[]
  org_id?: string
  org_name?: string
  /** When the person last proved who they are. */
  auth_time?: number
  /** How they did (RFC 8176). */
  amr?: readonly string[]
}
