import { parsePathPattern } from '../config/route-patterns.ts'

/** Whether a path, as matchKey() writes it, is covered by a rule. */
export type PathMatcher = (key: string) => boolean

/** Compiles a rule's path: `*` is one segment, a last `**` the segment before it and all below. */
export function createPathMatcher(text: string): PathMatcher {
  const { segments, isTree } = parsePathPattern(text)
  const literal = segments.every((segment) => segment !== undefined) ? `/${segments.join('/')}` : undefined
  if (literal === undefined) return expressionMatcher(segments, isTree)
  if (!isTree) return (key) => key === literal
  if (segments.length === 0) return () => true
  const below = `${literal}/`
  return (key) => key === literal || key.startsWith(below)
}

function expressionMatcher(segments: readonly (string | undefined)[], isTree: boolean): PathMatcher {
  const exact = segments.map((segment) => (segment === undefined ? '/[^/]+' : `/${RegExp.escape(segment)}`)).join('')
  const expression = new RegExp(`^${exact}${isTree ? '(?:/.*)?' : ''}$`)
  return (key) => expression.test(key)
}
