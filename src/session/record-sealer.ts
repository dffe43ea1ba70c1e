import type { RandomBytes } from '../seal/random.ts'
import { createSealer, type Sealer } from '../seal/sealer.ts'
import type { Session } from './session.ts'
import type { FoundSession } from './store.ts'

/**
 * The content of the cookie when the session is in Redis: the session's id, and 256 random bits that are
 * part of the key to its record.
 */
export type SessionReference = { sessionId: string; key: string }

export type RecordSealer = ReturnType<typeof createRecordSealer>

/**
 * Seals sessions for Redis, with a key derived from one of our secrets and the cookie's random key. Redis and its backups cannot be
 * decrypted even with our secrets, because the browser's part of the key is missing.
 * @param secrets the first one seals, each of them opens
 */
export function createRecordSealer(secrets: readonly string[]) {
  const sealerWith = ({ key }: SessionReference): Sealer => createSealer(secrets, 'session record', key)
  return {
    seal: (session: Session, reference: SessionReference) => sealerWith(reference).seal(session),
    /** Undefined when the record belongs to another session, the reference is wrong, or none of our secrets opens the record. */
    async open(record: string, reference: SessionReference): Promise<FoundSession | undefined> {
      const opened = await sealerWith(reference).open(record)
      const session = opened?.payload as Session | undefined
      return session?.id === reference.sessionId ? { session, needsRewrite: opened?.isOldKey === true } : undefined
    },
  }
}

const cookieKeyBytes = 32
const referencePattern = /^([\w-]{16,64})\.([\w-]{43})$/

export function newReference(sessionId: string, randomBytes: RandomBytes): string {
  return `${sessionId}.${randomBytes(cookieKeyBytes).toString('base64url')}`
}

/** Undefined for any other kind of value, such as a sealed session of the cookie store. */
export function parseReference(cookieValue: string): SessionReference | undefined {
  const [, sessionId, key] = referencePattern.exec(cookieValue) ?? []
  return sessionId === undefined || key === undefined ? undefined : { sessionId, key }
}
