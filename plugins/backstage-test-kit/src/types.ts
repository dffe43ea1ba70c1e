/**
 * Claims of an assertion, as far as a test says them: the others are those of a good one. `undefined` leaves one out.
 *
 * @public
 */
export type TestClaims = Record<string, unknown> & { sub?: unknown; roles?: unknown; groups?: unknown }

/** Changes of the JWS header; `typ: undefined` leaves that one out. @public */
export type TestHeader = { alg?: string; kid?: string; typ?: string | undefined }

/** The Stagedoor that a kit stands for; each option has a default. @public */
export type StagedoorTestKitOptions = {
  /** Stagedoor's base URL, at which nothing listens. Default: `http://stagedoor.test`. */
  issuer?: string
  /** Default: Stagedoor's own, `urn:stagedoor:backstage`. */
  audience?: string
  /** Milliseconds since the epoch; default: the machine's clock. */
  nowMs?: () => number
}

/** Stands in for Stagedoor in tests of a Backstage backend: signs assertions and publishes the key. @public */
export type StagedoorTestKit = {
  issuer: string
  audience: string
  /** Where the backend under test reads the public keys. */
  jwksUri: string
  /** For `auth.providers.stagedoor` of the backend under test; add `signIn.resolvers`. */
  providerConfig: { issuer: string; audience: string; jwksUri: string }
  /** The public key as it is published. */
  publicJwk: () => Record<string, unknown>
  /** The claims of a good assertion for `auth0|test-user`, issued now. */
  claims: (changes?: TestClaims) => Record<string, unknown>
  /** A signed assertion: a good one, but for `changes`. */
  sign: (changes?: TestClaims, header?: TestHeader) => Promise<string>
  /** Request headers with such an assertion. */
  headers: (changes?: TestClaims) => Promise<Record<string, string>>
  /** Signs with a new key from now on, and publishes that one only. */
  rotateKey: () => Promise<void>
  /** Stops publishing keys, as a gateway that is down does. */
  close: () => Promise<void>
}
