/** A request target split at its first `?`, nothing decoded. */
export type RequestTarget = { path: string; query: string }

/** Splits `/path?query`; the query keeps its `?` and is otherwise left alone. */
export function splitTarget(target: string): RequestTarget {
  const at = target.indexOf('?')
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at) }
}

const queryCharacters = /^[\x21-\x7e]*$/

/** A query may hold anything printable; a raw control character, space or `#` means the client did not write a URL. */
export function isPlainQuery(query: string): boolean {
  return query === '' || (queryCharacters.test(query) && !query.includes('#'))
}

/** Why no rule can let a request target pass: each is a spelling that two servers may read differently. */
type PathRefusal =
  | 'not-origin-form'
  | 'forbidden-character'
  | 'dot-segment'
  | 'bad-percent-encoding'
  | 'encoded-control-character'

/** Odd spellings that real links contain: a rule with `paths: as-is` lets them pass. */
export type PathOddity = 'empty-segment' | 'path-parameter' | 'encoded-slash' | 'double-encoding'

/** A path as rules and upstream see it, its unreserved characters decoded. */
export type ReadPath = {
  path: string
  oddity?: { reason: PathOddity; plainest: string } | undefined
}

const printable = /^[\x21-\x7e]+$/
const forbidden = /[\\#]/
const dotSegment = /\/\.{1,2}(?:\/|$)/
const incompleteEscape = /%(?![0-9A-Fa-f]{2})/
const escapedUnreserved = /%(?:2[dDeE]|3\d|[46][1-9a-fA-F]|[57][\daA]|5[fF]|7[eE])/g
const escapedControl = /%(?:[01][0-9A-Fa-f]|7[fF])/
const escapedSlash = /%(?:2[fF]|5[cC])/
const escapedPercentEscape = /%25[0-9A-Fa-f]{2}/

/**
 * Reads a path (no query) so that rules and upstream see one spelling. Percent-encoded unreserved characters are decoded,
 * since both forms are equal (RFC 3986 §6.2.2.2); everything else is refused and never repaired.
 */
export function readPath(received: string): ReadPath | PathRefusal {
  const path = received.includes('%') ? received.replace(escapedUnreserved, decodeURIComponent) : received
  const refusal = refusalOf(path)
  if (refusal !== undefined) return refusal
  const reason = oddityOf(path)
  if (reason === undefined) return { path }
  const plainest = plainestReading(path)
  return dotSegment.test(plainest) ? 'dot-segment' : { path, oddity: { reason, plainest } }
}

function refusalOf(path: string): PathRefusal | undefined {
  if (path.charCodeAt(0) !== 0x2f) return 'not-origin-form'
  if (!printable.test(path) || forbidden.test(path)) return 'forbidden-character'
  if (path.includes('/.') && dotSegment.test(path)) return 'dot-segment'
  if (!path.includes('%')) return undefined
  if (incompleteEscape.test(path) || !isUtf8(path)) return 'bad-percent-encoding'
  return escapedControl.test(path) ? 'encoded-control-character' : undefined
}

function oddityOf(path: string): PathOddity | undefined {
  if (path.includes('//')) return 'empty-segment'
  if (path.includes(';')) return 'path-parameter'
  if (!path.includes('%')) return undefined
  if (escapedPercentEscape.test(path)) return 'double-encoding'
  return escapedSlash.test(path) ? 'encoded-slash' : undefined
}

/** Each pass takes one layer of encoding off; what has more is not read further. */
const maxLayers = 8

/** The path as the most lenient server reads it: decoded, without parameters, repeated slashes joined. */
function plainestReading(path: string): string {
  let reading = path
  for (let layer = 0; layer < maxLayers; layer += 1) {
    reading = reading.replaceAll(/%(?:25|2[eEfF]|3[bB]|5[cC])/g, decodeURIComponent)
  }
  return reading
    .replaceAll('\\', '/')
    .replaceAll(/;[^/]*/g, '')
    .replaceAll(/\/{2,}/g, '/')
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
