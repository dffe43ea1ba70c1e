/** Whether a canonical path (RequestFacts.path) is covered by a rule. */
export type PathMatcher = (path: string) => boolean

/**
 * Compiles a rule's path: `*` is one segment, a last `**` the segment before it and all below. Letter case and a
 * trailing slash are ignored, because Express, which routes Backstage, ignores them too.
 */
export function compilePathPattern(pattern: string): PathMatcher {
  const text = withoutTrailingSlash(pattern.toLowerCase())
  if (text === '/**') return () => true
  if (!text.includes('*')) return (path) => comparable(path) === text
  const expression = new RegExp(`^${expressionOf(text)}$`)
  return (path) => expression.test(comparable(path))
}

function expressionOf(pattern: string): string {
  const isTree = pattern.endsWith('/**')
  const segments = (isTree ? pattern.slice(0, -3) : pattern).split('/')
  const exact = segments.map((segment) => (segment === '*' ? '[^/]+' : RegExp.escape(segment))).join('/')
  return isTree ? `${exact}(?:/.*)?` : exact
}

const hasUpperCase = /[A-Z]/

/** A canonical path is ASCII, so lower case means the same here and there. */
function comparable(path: string): string {
  return withoutTrailingSlash(hasUpperCase.test(path) ? path.toLowerCase() : path)
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
