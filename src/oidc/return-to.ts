/**
 * Where to go after login: a path on our own origin, or `/`. The check uses the URL as a browser would resolve it, which covers
 * `//host`, `/\host`, tabs, user info and encodings (OWASP open redirect).
 */
export function safeReturnTo(requested: unknown, baseUrl: string, prefix: string): string {
  if (typeof requested !== 'string' || requested.length > maxReturnToLength) return '/'
  const base = new URL(baseUrl)
  const resolved = URL.parse(requested, base)
  if (resolved === null || resolved.origin !== base.origin || resolved.username !== '' || resolved.password !== '')
    return '/'
  // Resolve the path again, so that the value of `Location` cannot name another host.
  const path = resolved.pathname + resolved.search + resolved.hash
  if (URL.parse(path, base)?.origin !== base.origin || path.startsWith('//')) return '/'
  return isLoginLoop(resolved.pathname, prefix) ? '/' : path
}

/** A longer path would not fit into the URL of the authorization request, whose `state` contains it. */
const maxReturnToLength = 2_000

/** A return to our own login, callback or logout would start the login again, or end the new session. */
function isLoginLoop(path: string, prefix: string): boolean {
  return ['/login', '/callback', '/logout'].some((endpoint) => path.toLowerCase() === prefix + endpoint)
}
