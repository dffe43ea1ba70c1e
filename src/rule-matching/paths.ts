import { z } from 'zod'

import { refuse } from '../config/values/quantities.ts'

/** A parsed path of a rule. A segment that is `undefined` stands for `*`. A tree ends in `**` and covers all paths below its segments. */
export type PathPattern = { segments: readonly (string | undefined)[]; isTree: boolean }

/** Reads the path of a rule, which the schema has checked. */
export function parsePathPattern(text: string): PathPattern {
  const isTree = text.endsWith('/**')
  const path = isTree ? text.slice(0, -3) : withoutTrailingSlash(text)
  const segments = path === '' ? [] : path.slice(1).split('/')
  return { segments: segments.map((segment) => (segment === '*' ? undefined : matchKey(segment))), isTree }
}

/** Whether the first pattern covers every path that the second one covers. */
export function includesPattern(outer: PathPattern, inner: PathPattern): boolean {
  if (inner.isTree && !outer.isTree) return false
  const [most, least] = [inner.segments.length, outer.segments.length]
  if (outer.isTree ? most < least : most !== least) return false
  return outer.segments.every((segment, index) => {
    const other = inner.segments[index]
    // `*` matches one segment that is not empty. Only the path `/` has an empty segment.
    return segment === undefined ? other !== '' : segment === other
  })
}

const hasUpperCase = /[A-Z]/
const escapedAscii = /%([2-7][0-9A-Fa-f])/g
/** Space, `%`, `/`, `\` and DEL: decoding these would give another path. */
const keptEscapes = new Set([0x20, 0x25, 0x2f, 0x5c, 0x7f])

/**
 * The form in which paths are compared. Letter case and a trailing slash are ignored, because Backstage's router Express ignores
 * them. Escapes of printable characters are decoded, because Express decodes its parameters (`%3A` is `:`). A canonical path is
 * ASCII, so lower case means the same in both.
 */
export function matchKey(path: string): string {
  const plain = path.includes('%') ? path.replace(escapedAscii, decodeOne) : path
  return withoutTrailingSlash(hasUpperCase.test(plain) ? plain.toLowerCase() : plain)
}

function decodeOne(escape: string, hex: string): string {
  const code = Number.parseInt(hex, 16)
  return keptEscapes.has(code) ? escape : String.fromCharCode(code)
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** Whether a rule covers a path in the form of matchKey(). */
export type PathMatcher = (key: string) => boolean

/** Compiles a rule's path. `*` matches one segment; a `**` at the end matches the path before it and all paths below. */
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

const segment = /^(?:\*|(?!\.{1,2}$)(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-F]{2})+)$/
const pathShape = 'a path that begins with / (`*` stands for one segment, a last `**` for all the rest)'

function isPathPattern(text: string): boolean {
  const [first, ...rest] = text.split('/')
  const isLast = (index: number) => index === rest.length - 1
  const isAllowed = (part: string, index: number) =>
    segment.test(part) || (isLast(index) && (part === '' || part === '**'))
  return first === '' && rest.length > 0 && rest.every(isAllowed)
}

/** The schema for a path of a rule, or of an option with the same syntax. */
export const pathPattern = () =>
  z
    .string(pathShape)
    .transform((text, context): string => (isPathPattern(text) ? text : refuse(context, pathShape, pathFix(text))))

function pathFix(text: string): string {
  const example = 'write for example /api/admin/** or /api/auth/*/handler/frame'
  if (isPathPattern(`/${text}`)) return `write /${text}`
  if (/[?#]/.test(text)) return `${example}: rules look at the path, without ? and #`
  if (/\*\*(?!$)/.test(text)) return `${example}: ** stands at the end only`
  if (/%(?![0-9A-F]{2})/.test(text)) return `${example}: a % is followed by two digits or capitals A to F`
  return example
}
