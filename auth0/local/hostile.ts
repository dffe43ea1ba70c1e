import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

import type { JWTPayload } from 'jose'

import type { KeyRing } from './keys.ts'

/** How a token differs from the tenant's correct one, as from a faulty or malicious provider. */
export type TokenFaults = {
  /** Claims that replace the tenant's. */
  claims?: Record<string, unknown>
  without?: string[]
  header?: Record<string, unknown>
  /** `foreign-key`: signed by a key that is not published, under the id of one that is. */
  signature?: 'broken' | 'foreign-key' | 'none' | 'client-secret'
}

/** Signs claims as the tenant does, with the faults applied. */
export async function hostileToken(keys: KeyRing, claims: JWTPayload, faults: TokenFaults): Promise<string> {
  const kept = Object.entries(claims).filter(([name]) => !faults.without?.includes(name))
  const payload = { ...Object.fromEntries(kept), ...faults.claims }
  const token = await keys.sign(payload, faults.header ?? {})
  const [header = '', body = '', signature = ''] = token.split('.')
  if (faults.signature === 'broken')
    return `${header}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  if (faults.signature === 'foreign-key') return signedBy(`${header}.${body}`)
  if (faults.signature === 'none') return `${encode({ alg: 'none' })}.${body}.`
  if (faults.signature === 'client-secret') return signedWithSecret(body)
  return token
}

function signedBy(input: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), privateKey).toString('base64url')}`
}

function signedWithSecret(body: string): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${body}`
  return `${input}.${createHmac('sha256', randomBytes(32)).update(input).digest('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
