import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'
import type { KeyRing } from './key-rotation.ts'

/** Where the key ring outlives a restart. */
export type KeyStore = {
  /** @throws when a ring is there but cannot be read: making new keys over it would lose it */
  read(): Promise<KeyRing | undefined>
  write(ring: KeyRing): Promise<void>
  /** Only for a store that several processes share. */
  shared?: {
    /** Does work while no other process does any. */
    alone<Result>(work: () => Promise<Result>): Promise<Result>
    /** Calls back when the ring may have changed. @returns stops that */
    onChange(listener: () => void): () => void
    /** How long a key is published before it signs: within it every process has read the ring. */
    publishAheadMs: number
  }
}

/** Keys of this process only: after a restart upstreams fetch new ones. */
export function createMemoryKeyStore(): KeyStore {
  let kept: KeyRing | undefined
  return {
    read: async () => kept,
    write: async (ring) => void (kept = ring),
  }
}

/** A file that only we may read (0600), replaced as a whole so that a crash leaves the old one or the new one. */
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
