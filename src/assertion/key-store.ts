import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'
import type { KeyRing } from './key-rotation.ts'

/** Keeps the key ring, across restarts unless it is in memory. */
export type KeyStore = {
  /** @throws when a ring exists but cannot be read: new keys would overwrite it */
  read(): Promise<KeyRing | undefined>
  write(ring: KeyRing): Promise<void>
  /** Only for a store that several processes share. */
  shared?: {
    /** Runs the work under a lock, so that no other process does such work at the same time. */
    alone<Result>(work: () => Promise<Result>): Promise<Result>
    /** Calls the listener when the ring may have changed. @returns a function that unsubscribes it */
    onChange(listener: () => void): () => void
    /** How long a key is published before it signs; long enough for every process to read the ring. */
    publishAheadMs: number
  }
}

/** Keeps keys in this process only. After a restart, upstreams fetch new ones. */
export function createMemoryKeyStore(): KeyStore {
  let kept: KeyRing | undefined
  return {
    read: async () => kept,
    write: async (ring) => void (kept = ring),
  }
}

/** Keeps keys in a file that only this user can read (0600). It is replaced as a whole, so that a crash leaves the old or the new file. */
export function createFileKeyStore(path: string): KeyStore {
  return {
    async read() {
      const text = await readFileIfThere(path)
      return text === undefined ? undefined : parseRing(text, path)
    },
    write: (ring) => writeFileAtomically(path, JSON.stringify(ring)),
  }
}

function parseRing(text: string, path: string): KeyRing {
  try {
    const ring: unknown = JSON.parse(text)
    if (isKeyRing(ring)) return ring
    throw new TypeError('no key ring')
  } catch (cause) {
    throw new TypeError(`${path} is not a key file of Stagedoor; move it away to have new keys made`, { cause })
  }
}

export function isKeyRing(value: unknown): value is KeyRing {
  const { current, next, rotatedAt } = (value ?? {}) as Partial<KeyRing>
  return Boolean(current?.kid) && Boolean(next?.kid) && Number.isFinite(rotatedAt)
}
