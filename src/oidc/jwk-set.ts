import type { JWK } from 'jose'

/** Public keys that verify signatures, by key id. */
export type JwkSet = ReadonlyMap<string, JWK>

/** More than any issuer publishes, little enough to look through. */
export const maxKeys = 20
export const maxJwksBytes = 150_000

/** RFC 7518 §3.3: 2048 bits at least, which are 342 characters of base64url. */
const minModulusLength = 342

const curves = new Map([
  ['EC', ['P-256', 'P-384', 'P-521']],
  ['OKP', ['Ed25519']],
])

/**
 * Reads a JWK Set (RFC 7517 §5). Keys that cannot verify are left out: symmetric, private, for encryption, without an id.
 * @throws TypeError when the set is not one, is too large, or has no key of use
 */
export function parseJwkSet(text: string): JwkSet {
  const parsed: unknown = JSON.parse(text)
  const keys = isRecord(parsed) ? parsed['keys'] : undefined
  if (!Array.isArray(keys)) throw new TypeError('not a JWK Set')
  if (keys.length > maxKeys) throw new TypeError(`a JWK Set of ${keys.length} keys; ${maxKeys} are the most we take`)
  const set = new Map<string, JWK>()
  for (const key of keys) if (isVerificationKey(key) && !set.has(key.kid)) set.set(key.kid, key)
  if (set.size === 0) throw new TypeError('a JWK Set without a key that verifies')
  return set
}

/** The new set, with the old objects for keys that did not change, so that what hangs on them stays good. */
export function keepUnchanged(previous: JwkSet | undefined, next: JwkSet): JwkSet {
  if (previous === undefined) return next
  return new Map([...next].map(([kid, jwk]) => [kid, sameAs(previous.get(kid), jwk)]))
}

/** Whether a key may verify this algorithm: its type, its curve and its own `alg` all agree (RFC 8725 §3.1). */
export function mayVerify({ kty, crv, alg }: JWK, algorithm: string): boolean {
  if (alg !== undefined && alg !== algorithm) return false
  if (/^[RP]S(256|384|512)$/.test(algorithm)) return kty === 'RSA'
  return kty !== 'RSA' && crv !== undefined && crv === curveOf.get(algorithm)
}

const curveOf = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['EdDSA', 'Ed25519'],
])

function isVerificationKey(key: unknown): key is JWK & { kid: string } {
  if (!isRecord(key) || typeof key['kid'] !== 'string' || key['kid'] === '') return false
  if ('d' in key || 'k' in key) return false
  if (key['use'] !== undefined && key['use'] !== 'sig') return false
  if (Array.isArray(key['key_ops']) && !key['key_ops'].includes('verify')) return false
  if (key['kty'] === 'RSA') return isText(key['e']) && isText(key['n']) && key['n'].length >= minModulusLength
  return isText(key['x']) && curves.get(String(key['kty']))?.includes(String(key['crv'])) === true
}

function sameAs(known: JWK | undefined, fresh: JWK): JWK {
  return known !== undefined && JSON.stringify(known) === JSON.stringify(fresh) ? known : fresh
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
