import { hash } from 'node:crypto'

/**
 * JSON with members in the order of their names and no spaces (RFC 8785), so that a reader that parsed a record and lost its
 * bytes can still compute its hash.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]))
}

/** SHA-256 in base64url, 43 characters. */
export function hashOf(canonical: string): string {
  return hash('sha256', canonical, 'base64url')
}
