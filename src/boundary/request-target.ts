/** A request target, split at its first `?`. */
export type RequestTarget = { path: string; query: string }

/** Splits `/path?query` without decoding. The query keeps its `?`. */
export function splitTarget(target: string): RequestTarget {
  const at = target.indexOf('?')
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at) }
}

const queryCharacters = /^[\x21-\x7e]*$/

/** Whether the query has only printable ASCII and no `#`. A raw control character, space or `#` is not valid in a URL's query. */
export function isPlainQuery(query: string): boolean {
  return query === '' || (queryCharacters.test(query) && !query.includes('#'))
}

/** Spellings of a request target that two servers may read differently. No rule can allow them. */
type PathRefusal =
  | 'not-origin-form'
  | 'forbidden-character'
  | 'dot-segment'
  | 'bad-percent-encoding'
  | 'encoded-control-character'

/** Unusual spellings that real links contain. Rules with `paths: as-is` can allow them. */
export type PathOddity = 'empty-segment' | 'path-parameter' | 'encoded-slash' | 'double-encoding'

/** A path as rules and the upstream see it, with unreserved characters decoded. `plainest` is how the most lenient server reads it. */
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
 * Reads a path (without query) so that rules and the upstream see the same spelling. Percent-encoded unreserved characters are
 * decoded, because both forms are equivalent (RFC 3986 §6.2.2.2). Other deviations are refused or reported as an oddity, never repaired.
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

/** The number of encoding layers that are decoded. Each pass removes one. */
const maxLayers = 8

/** The path as the most lenient server reads it: decoded, without parameters, repeated slashes merged. */
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
