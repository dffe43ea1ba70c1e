/** Whether a cookie belongs to Stagedoor, by its name. Such cookies do not reach upstreams. */
export type IsOwnCookie = (name: string) => boolean

// The session (whole or in chunks), logins in flight, and the marker of the latest login. With plain http there is no `__Host-`.
const securePattern = /^__Host-stagedoor(?:\.\d+|-tx\..*|-login)?$/
const plainPattern = /^(?:__Host-)?stagedoor(?:\.\d+|-tx\..*|-login)?$/

/** @param isSecure whether the gateway's public URL is https, where our cookies have the `__Host-` prefix */
export function createIsOwnCookie(isSecure: boolean): IsOwnCookie {
  const pattern = isSecure ? securePattern : plainPattern
  return (name) => pattern.test(name)
}

/** The `Cookie` value without our own cookies. Other cookies keep their bytes. Empty if no cookie is left. */
export function withoutOwnCookies(header: string, isOwn: IsOwnCookie): string {
  if (!header.includes('stagedoor')) return header
  const parts = header.split(';')
  const kept = parts.filter((part) => !isOwn(cookieName(part)))
  return kept.length === parts.length ? header : kept.join(';').trimStart()
}

/**
 * Whether an upstream's `Set-Cookie` would overwrite one of our cookies. Browsers send a nameless cookie (`=name=value`)
 * back as `name=value` (RFC 6265bis §5.6), so it counts as that.
 */
export function setsOwnCookie(header: string, isOwn: IsOwnCookie): boolean {
  if (!header.includes('stagedoor')) return false
  const end = header.indexOf(';')
  return isOwn(cookieName(end === -1 ? header : header.slice(0, end)))
}

function cookieName(pair: string): string {
  const text = pair.trim().replace(/^=+\s*/, '')
  const equals = text.indexOf('=')
  return equals === -1 ? text : text.slice(0, equals).trimEnd()
}
