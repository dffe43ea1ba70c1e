/**
 * The signature algorithms that tokens may use, listed explicitly (RFC 8725 §3.1). All of them use a private key: with shared
 * secrets or unsigned tokens, others could impersonate the issuer.
 */
export const signatureAlgorithms: readonly string[] = [
  ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // Two names of one algorithm (RFC 8037, RFC 9864).
  ['EdDSA', 'Ed25519'],
].flat()
