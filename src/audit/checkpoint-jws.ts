import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

import type { JWK } from 'jose'

import type { ChainHead } from './event.ts'

/** The key that signs checkpoints. */
export type CheckpointKey = { kid: string; privateKey: KeyObject }

/** A checkpoint names the last record of a writer at a given time. `at` is RFC 3339. */
export type Checkpoint = ChainHead & { at: string }

const type = 'stagedoor-audit+jwt'

/** Signs a checkpoint as a compact JWS (RFC 7515 §7.1, ES256). Synchronous, because no record may join the chain meanwhile. */
export function signCheckpoint({ writer, seq, hash, at }: Checkpoint, { kid, privateKey }: CheckpointKey): string {
  const parts = [
    { alg: 'ES256', kid, typ: type },
    { at, hash, seq, writer },
  ]
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** The content of a checkpoint, without verifying its signature; undefined if it is not a checkpoint. */
export function statedBy(jws: string): Checkpoint | undefined {
  return checkpointIn(decode(jws.split('.')[1] ?? ''))
}

type CheckpointVerdict =
  | { kind: 'signed'; checkpoint: Checkpoint; kid: string }
  | { kind: 'unknown-key'; checkpoint: Checkpoint; kid: string }
  | { kind: 'forged' }

/** Verifies the signature of a checkpoint. @param keyOf finds a public key by its id */
export function readCheckpoint(jws: string, keyOf: (kid: string) => JWK | undefined): CheckpointVerdict {
  const [header = '', payload = '', signature = ''] = jws.split('.')
  const { alg, kid, typ } = decode(header)
  const checkpoint = checkpointIn(decode(payload))
  if (alg !== 'ES256' || typ !== type || typeof kid !== 'string' || checkpoint === undefined) return { kind: 'forged' }
  const jwk = keyOf(kid)
  if (jwk === undefined) return { kind: 'unknown-key', checkpoint, kid }
  const isGood = isSignature(Buffer.from(signature, 'base64url'), Buffer.from(`${header}.${payload}`), jwk)
  return isGood ? { kind: 'signed', checkpoint, kid } : { kind: 'forged' }
}

function isSignature(signature: Buffer, data: Buffer, jwk: JWK): boolean {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    // The trail contains something that is not a valid key.
    return false
  }
}

function checkpointIn({ writer, seq, hash, at }: Record<string, unknown>): Checkpoint | undefined {
  if (typeof writer !== 'string' || typeof seq !== 'number') return undefined
  if (typeof hash !== 'string' || typeof at !== 'string') return undefined
  return { writer, seq, hash, at }
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
