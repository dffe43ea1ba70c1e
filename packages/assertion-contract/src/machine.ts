/**
 * Path of the public keys of machine tokens, relative to the issuer; apart from those of people's assertions.
 *
 * @public
 */
export const machineJwksPath = '/.stagedoor/machines/jwks.json'

/**
 * Claims of a machine's token for Backstage. `sub` is the client id; Backstage makes `external:<sub>` of it.
 *
 * @public
 */
export type MachineClaims = {
  iss: string
  aud: string
  sub: string
  iat: number
  exp: number
  jti: string
  kind: 'machine'
  /** Issuer of the access token that was verified. */
  client_iss: string
  scope?: string
  permissions?: readonly string[]
  org_id?: string
}
