/** Why a request target is refused: each is a spelling that two servers may read differently. */
export type PathRefusal =
  | 'not-origin-form'
  | 'forbidden-character'
  | 'dot-segment'
  | 'empty-segment'
  | 'path-parameter'
  | 'bad-percent-encoding'
  | 'needless-percent-encoding'
  | 'encoded-slash'
  | 'encoded-control-character'
  | 'double-encoding'

export type EncodedSlashes = 'refuse' | 'pass'

const printable = /^[\x21-\x7e]+$/
const forbidden = /[\\#]/
const dotSegment = /\/\.{1,2}(?:\/|$)/
const incompleteEscape = /%(?![0-9A-Fa-f]{2})/
// RFC 3986 §2.3: unreserved characters mean the same encoded or not, so only a client with something to hide encodes them.
const escapedUnreserved = /%(?:2[dDeE]|3\d|[46][1-9a-fA-F]|[57][\daA]|5[fF]|7[eE])/
const escapedControl = /%(?:[01][0-9A-Fa-f]|7[fF])/
const escapedSlash = /%(?:2[fF]|5[cC])/
const escapedPercentEscape = /%25[0-9A-Fa-f]{2}/

/**
 * Names the part of a path (no query) that is not canonical. Undefined when every parser reads the path alike (RFC 3986 §6.2.2).
 * A path is refused, never repaired.
 */
export function refusalOfPath(path: string, encodedSlashes: EncodedSlashes = 'refuse'): PathRefusal | undefined {
  if (path.charCodeAt(0) !== 0x2f) return 'not-origin-form'
  if (!printable.test(path) || forbidden.test(path)) return 'forbidden-character'
  if (path.includes('//')) return 'empty-segment'
  if (path.includes('/.') && dotSegment.test(path)) return 'dot-segment'
  if (path.includes(';')) return 'path-parameter'
  return path.includes('%') ? refusalOfEscapes(path, encodedSlashes) : undefined
}

function refusalOfEscapes(path: string, encodedSlashes: EncodedSlashes): PathRefusal | undefined {
  if (incompleteEscape.test(path)) return 'bad-percent-encoding'
  if (escapedUnreserved.test(path)) return 'needless-percent-encoding'
  if (escapedControl.test(path)) return 'encoded-control-character'
  if (escapedPercentEscape.test(path)) return 'double-encoding'
  if (encodedSlashes === 'refuse' && escapedSlash.test(path)) return 'encoded-slash'
  return isUtf8(path) ? undefined : 'bad-percent-encoding'
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
