/** The token of an `Authorization: Bearer` field (RFC 6750 §2.1); undefined for none, or another scheme. */
export function bearerTokenIn(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer(?:\s|$)/i.test(authorization)) return undefined
  return authorization.slice('bearer'.length).trim()
}
