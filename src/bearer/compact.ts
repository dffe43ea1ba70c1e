import type { BearerReason } from './reasons.ts'
import { parseStrictJson } from './strict-json.ts'

/** A JWS in compact form (RFC 7515 §7.1), taken apart and not yet believed. */
export type CompactToken = {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  /** The three parts as they were sent. */
  parts: readonly [header: string, claims: string, signature: string]
}

/** What jose and we are willing to look at. */
export const maxTokenLength = 8_192

/** Takes a token apart; the first thing that is wrong where it cannot be. Every token has one spelling only. */
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
  // An unsigned token has no third part, and gets a separate reason.
  if (signature === '' && isNone(parsedHeader['alg'])) return 'algorithm-none'
  if (decode(signature) === undefined) return 'not-canonical'
  const parsedClaims = parseStrictJson(claimBytes)
  if (parsedClaims === 'not-json') return 'claims-not-json'
  if (parsedClaims === 'repeated-member') return 'repeated-claim'
  return { header: parsedHeader, claims: parsedClaims, parts: [header, claims, signature] }
}

/** Whether `alg` says that there is no signature, in whatever case. */
export function isNone(algorithm: unknown): boolean {
  return typeof algorithm === 'string' && algorithm.toLowerCase() === 'none'
}

// jose takes unused bits and spaces as they come; then one token has many spellings, and a list of tokens has holes.
function decode(part: string): Uint8Array | undefined {
  if (part === '') return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}
