/** The meaning of each member of a token's header (RFC 7515 §4.1). */
export const headerMeanings: Readonly<Record<string, string>> = {
  alg: 'how it is signed',
  kid: 'id of the key that signed it',
  typ: 'kind of token: at+jwt for an access token (RFC 9068), JWT in Auth0’s own profile',
}

/** The meaning of each claim of a token (RFC 7519 §4.1, RFC 9068 §2.2, Auth0’s docs). */
export const claimMeanings: Readonly<Record<string, string>> = {
  iss: 'who made it; compared as text, last slash included',
  sub: 'who it speaks for; <client id>@clients is a machine at Auth0',
  aud: 'whom it is for; an API identifier in an access token, a client id in an ID token',
  exp: 'when it ends',
  iat: 'when it was made',
  nbf: 'not to be used before',
  jti: 'its own id',
  azp: 'the client that got it, in Auth0’s own profile',
  client_id: 'the client that got it (RFC 9068)',
  gty: 'how it was got; client-credentials is a machine',
  scope: 'what the client asked for and was granted',
  permissions: 'permissions of the API’s RBAC',
  org_id: 'organization it was got in',
  org_name: 'name of that organization',
  nonce: 'binds a login to a browser: this is an ID token',
  at_hash: 'hash of an access token: this is an ID token',
  sid: 'session at the login service',
  auth_time: 'when the person last proved who they are',
  amr: 'how they proved it; mfa is a second factor',
  email: 'e-mail address',
  email_verified: 'whether the address was proved',
  events: 'what happened: this is a logout token',
  cnf: 'key that the token is bound to: no bearer token',
  act: 'who acts on behalf of the subject',
  uip: 'Backstage’s own proof of the user’s identity',
}

/** Claims that contain a time, in seconds since the epoch. */
export const momentClaims: readonly string[] = ['exp', 'iat', 'nbf', 'auth_time', 'updated_at', 'session_expiry']
