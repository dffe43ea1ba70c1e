/**
 * The algorithms that tokens may be signed with: by a private key, named one by one (RFC 8725 §3.1). Shared secrets and unsigned
 * tokens would let others speak for the issuer.
 */
export const signatureAlgorithms: readonly string[] = [
  ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // Two names of one algorithm (RFC 8037, RFC 9864).
  ['EdDSA', 'Ed25519'],
].flat()
