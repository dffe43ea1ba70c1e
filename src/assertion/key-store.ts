import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { KeyRing } from './key-ring.ts'

/** Where the key ring outlives a restart. */
export type KeyStore = {
  /** @throws when a ring is there but cannot be read: making new keys over it would lose it */
  read(): Promise<KeyRing | undefined>
  write(ring: KeyRing): Promise<void>
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
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      return text === undefined ? undefined : parseRing(text, path)
    },
    async write(ring) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const fresh = `${path}.${process.pid}.new`
      const file = await open(fresh, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(ring))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, path)
      await chmod(path, 0o600)
    },
  }
}

function parseRing(text: string, path: string): KeyRing {
  try {
    const ring = JSON.parse(text) as KeyRing
    if (ring.current.kid && ring.next.kid && Number.isFinite(ring.rotatedAt)) return ring
  } catch (cause) {
    throw new TypeError(`${path} is not a key file of Stagedoor; move it away to have new keys made`, { cause })
  }
  throw new TypeError(`${path} is not a key file of Stagedoor; move it away to have new keys made`)
}
