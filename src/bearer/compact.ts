import type { BearerReason } from './refusal-reasons.ts'

/** A parsed JWS in compact form (RFC 7515 §7.1). Nothing in it is verified yet. */
export type CompactToken = {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  /** The three parts as they were sent. */
  parts: readonly [header: string, claims: string, signature: string]
}

/** Longer tokens are refused before any parsing. */
const maxTokenLength = 8_192

/** Parses a token, or returns the reason of the first fault. Accepts only one spelling of each token. */
export function parseCompact(token: string): CompactToken | BearerReason {
  if (token.length > maxTokenLength) return 'too-large'
  const parts = token.split('.')
  if (parts.length === 1) return 'opaque'
  if (parts.length === 5) return 'encrypted'
  if (parts.length !== 3) return 'segments'
  const [header, claims, signature] = parts as [string, string, string]
  const headerBytes = decode(header)
  const claimBytes = decode(claims)
  if (headerBytes === undefined || claimBytes === undefined) return 'not-canonical'
  const parsedHeader = parseStrictJson(headerBytes)
  if (parsedHeader === 'not-json') return 'header-not-json'
  if (parsedHeader === 'repeated-member') return 'repeated-header'
  // An unsigned token has an empty third part. It gets its own reason.
  if (signature === '' && isNone(parsedHeader['alg'])) return 'algorithm-none'
  if (decode(signature) === undefined) return 'not-canonical'
  const parsedClaims = parseStrictJson(claimBytes)
  if (parsedClaims === 'not-json') return 'claims-not-json'
  if (parsedClaims === 'repeated-member') return 'repeated-claim'
  return { header: parsedHeader, claims: parsedClaims, parts: [header, claims, signature] }
}

/** Whether `alg` is `none`, in any letter case. */
export function isNone(algorithm: unknown): boolean {
  return typeof algorithm === 'string' && algorithm.toLowerCase() === 'none'
}

// jose ignores unused bits and spaces, so one token could have many spellings; the cache of verified tokens needs exactly one.
function decode(part: string): Uint8Array | undefined {
  if (part === '') return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

const maxDepth = 16

/**
 * Parses a JSON object, and rejects input that two parsers could read differently: repeated names in one object (RFC 7515 §4,
 * RFC 7519 §4), text that is not UTF-8, deep nesting.
 * @returns the object, or the reason why there is none
 */
export function parseStrictJson(bytes: Uint8Array): Record<string, unknown> | 'not-json' | 'repeated-member' {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not-json'
    const memberCount = memberCountIn(text)
    if (memberCount === undefined) return 'not-json'
    // `JSON.parse` merges repeated names into one member, even if they are escaped differently. The counts then differ.
    return memberCount === memberCountOf(value) ? (value as Record<string, unknown>) : 'repeated-member'
  } catch {
    return 'not-json'
  }
}

/** The number of members in valid JSON text, including nested ones; undefined when it is nested too deeply. */
function memberCountIn(text: string): number | undefined {
  let count = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = endOfString(text, i)
    else if (character === ':') count++
    else if (character === '}' || character === ']') depth--
    else if ((character === '{' || character === '[') && ++depth > maxDepth) return undefined
  }
  return count
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** Whether the character follows an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

/** The number of members in a parsed value, including nested ones. */
function memberCountOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += memberCountOf(item)
    return count
  }
  for (const member of Object.values(value)) count += 1 + memberCountOf(member)
  return count
}
