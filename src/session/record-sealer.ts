import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'

import type { RandomBytes } from '../seal/random.ts'
import type { Session } from './session.ts'
import type { FoundSession } from './store.ts'

/**
 * The content of the cookie when the session is in Redis: the session's id, and 256 random bits that are
 * part of the key to its record.
 */
export type SessionReference = { sessionId: string; key: string }

const ivBytes = 12
const tagBytes = 16
const purpose = 'stagedoor session record'

export type RecordSealer = ReturnType<typeof createRecordSealer>

/**
 * Seals sessions for Redis: AES-256-GCM under a key made of one of our secrets and the cookie's random key (HKDF,
 * RFC 5869). Neither Redis with its backups, nor Redis with our secrets, opens a session: the browser's part is needed.
 * @param secrets the first seals, all open
 */
export function createRecordSealer(secrets: readonly string[], randomBytes: RandomBytes) {
  const known = secrets.map((secret) => ({ secret, name: nameOf(secret) }))
  const [sealing] = known
  if (sealing === undefined) throw new RangeError('a record sealer needs at least one secret')

  return {
    seal(session: Session, { sessionId, key }: SessionReference): string {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', recordKey(sealing.secret, key), iv).setAAD(Buffer.from(sessionId))
      const body = [cipher.update(JSON.stringify(session), 'utf8'), cipher.final()]
      return `${sealing.name}.${Buffer.concat([iv, cipher.getAuthTag(), ...body]).toString('base64url')}`
    },

    /** Nothing when the record is not this session's, the reference is wrong, or no secret of ours fits. */
    open(record: string, { sessionId, key }: SessionReference): FoundSession | undefined {
      const [name, body = ''] = record.split('.')
      const fitting = known.find((candidate) => candidate.name === name)
      if (fitting === undefined) return undefined
      const text = decrypt(Buffer.from(body, 'base64url'), recordKey(fitting.secret, key), sessionId)
      if (text === undefined) return undefined
      const session = JSON.parse(text) as Session
      return session.id === sessionId ? { session, isStale: fitting !== sealing } : undefined
    },
  }
}

function recordKey(secret: string, cookieKey: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, cookieKey, purpose, 32))
}

function decrypt(bytes: Buffer, key: Uint8Array, sessionId: string): string | undefined {
  if (bytes.length < ivBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(sessionId)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

/** Distinguishes secrets without showing them. */
function nameOf(secret: string): string {
  const derived = new Uint8Array(hkdfSync('sha256', secret, '', `${purpose} name`, 32))
  return createHash('sha256').update(derived).digest('base64url').slice(0, 8)
}

const cookieKeyBytes = 32
const referencePattern = /^([\w-]{16,64})\.([\w-]{43})$/

export function newReference(sessionId: string, randomBytes: RandomBytes): string {
  return `${sessionId}.${randomBytes(cookieKeyBytes).toString('base64url')}`
}

/** Nothing for any other kind of value, such as a sealed session of the cookie store. */
export function parseReference(cookieValue: string): SessionReference | undefined {
  const [, sessionId, key] = referencePattern.exec(cookieValue) ?? []
  return sessionId === undefined || key === undefined ? undefined : { sessionId, key }
}
