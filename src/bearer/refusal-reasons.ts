/** The cause of a refusal, and how to fix it (with the place in Auth0's dashboard). */
type Explanation = { cause: string; remedy: string }

const why = (cause: string, remedy: string): Explanation => ({ cause, remedy })

const forged = 'Ask Auth0 for a new token and send it as you got it.'
const foreign = 'This is no access token of Auth0. Send the `access_token` of the token response, unchanged.'

/** All reasons to refuse a bearer token, in no particular order. `docs/tokens.md` lists them. */
export const bearerReasons = {
  'too-large': why('The token is larger than 8 KiB.', 'Send fewer custom claims: Auth0 → Actions.'),
  opaque: why(
    'The token is opaque: Auth0 was asked without `audience`, so it gave a token for /userinfo only.',
    'Send `audience` with the token request. Auth0 → Applications → APIs → <API> → Identifier.',
  ),
  encrypted: why(
    'The token is encrypted (JWE, five parts), so that only the API’s own key can read it.',
    'Switch encryption off: Auth0 → Applications → APIs → <API> → Settings → Token Encryption.',
  ),
  segments: why('A signed token has three parts with dots between them.', forged),
  'not-canonical': why('A part of the token is not plain base64url.', forged),
  'header-not-json': why('The header is not a JSON object.', forged),
  'claims-not-json': why('The claims are not a JSON object.', forged),
  'repeated-header': why('The header names a parameter twice.', forged),
  'repeated-claim': why('The claims name one twice.', forged),
  'header-key-reference': why('The header says where the key is (`jku`, `jwk`, `x5u`, `x5c`).', foreign),
  'header-critical': why('The header demands an extension (`crit`, `b64`).', foreign),
  'header-compressed': why('The header says that the claims are compressed (`zip`).', foreign),
  'header-nested': why('The header says that there is another token inside (`cty`).', foreign),
  'header-unknown': why('The header has a parameter that access tokens do not have.', foreign),
  'algorithm-none': why('The token is not signed (`alg: none`).', foreign),
  'algorithm-symmetric': why(
    'The API signs with HS256, a secret shared with every reader.',
    'Choose RS256: Auth0 → Applications → APIs → <API> → Settings → JSON Web Token (JWT) Signing Algorithm.',
  ),
  'algorithm-unknown': why('The signature algorithm is none that we accept.', 'Choose RS256 or PS256 for the API.'),
  'type-unknown': why('The header’s `typ` is neither `JWT` nor `at+jwt`.', foreign),
  'logout-token': why('This is a logout token.', foreign),
  'id-token': why(
    'This is an ID token: it describes a login to an application, and grants no access.',
    'Send the `access_token` of the same token response, asked for with `audience`.',
  ),
  'backstage-token': why(
    'This is a token of Backstage itself, and no rule here takes those.',
    'Sign in, or have the operators name the rule in machines.backstageTokens.rules.',
  ),
  'key-id-missing': why('The header has no `kid`.', forged),
  'key-id-malformed': why('The header’s `kid` is not a key id.', forged),
  'issuer-missing': why('The claims have no `iss`.', foreign),
  'issuer-slash': why(
    'The issuer differs in its last slash only.',
    'Write auth0.issuer exactly as the discovery document does; Auth0’s ends with a slash.',
  ),
  'issuer-unknown': why(
    'Another issuer made the token. With a custom domain, `iss` follows the domain that was asked.',
    'Ask the domain in auth0.issuer for tokens (Auth0 → Branding → Custom Domains), or add machines.issuers.',
  ),
  'audience-missing': why('The claims have no `aud`.', foreign),
  'audience-mismatch': why(
    'The token is meant for another API.',
    'Ask with the `audience` that stands in machines.audiences. Auth0 → Applications → APIs → <API> → Identifier.',
  ),
  'subject-missing': why('The claims have no `sub`.', foreign),
  'subject-malformed': why('`sub` is blank, longer than 255 characters, or not plain ASCII.', foreign),
  'expiry-missing': why('The claims have no `exp`.', foreign),
  'expiry-malformed': why('`exp` is not a whole number of seconds.', foreign),
  expired: why('The token has expired.', 'Ask Auth0 for a new one, and keep it until shortly before it expires.'),
  'issued-at-missing': why('The claims have no `iat`.', foreign),
  'issued-at-malformed': why('`iat` is not a whole number of seconds.', foreign),
  'issued-in-future': why('The token was issued in the future: a clock is wrong.', 'Set the clocks by NTP.'),
  'not-yet-valid': why('`nbf` is in the future, or not a number.', 'Set the clocks by NTP.'),
  'too-old': why(
    'The token was issued longer ago than machines.maxTokenAge.',
    'Ask Auth0 for a new one. Auth0 → Applications → APIs → <API> → Settings → Maximum Access Token Lifetime.',
  ),
  'client-missing': why('The claims name no client (`azp` or `client_id`).', foreign),
  'sender-constrained': why('The token is bound to a key (`cnf`), so that it is no bearer token.', 'Ask without DPoP.'),
  'not-a-machine': why(
    'The token speaks for a person, and people come in by signing in.',
    'Use the client credentials of a machine-to-machine application. Auth0 → Applications → Applications → Create.',
  ),
  denied: why('The token is on the deny list.', 'Operators: see machines.deny.'),
  'key-unknown': why('The issuer publishes no key with this `kid`: it was revoked, or never was.', forged),
  'key-mismatch': why('The key with this `kid` is for another algorithm.', forged),
  signature: why('The signature does not belong to the token.', forged),
} as const satisfies Record<string, Explanation>

export type BearerReason = keyof typeof bearerReasons
