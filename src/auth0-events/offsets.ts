import type { Redis } from '../redis/redis.ts'
import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'

/** The position from which the event stream is read after a restart. */
export type Offsets = {
  read(): Promise<string | undefined>
  write(offset: string): Promise<void>
}

/** Keeps the offset in Redis, so that any replica can continue reading. */
export function createSharedOffsets(redis: Redis): Offsets {
  const key = redis.keys.named('events:offset')
  return {
    async read() {
      const offset = await redis.send('GET', key)
      return typeof offset === 'string' && offset !== '' ? offset : undefined
    },
    write: async (offset) => void (await redis.send('SET', key, offset)),
  }
}

/** Keeps the offset in a file, which is replaced atomically. */
export function createFileOffsets(path: string): Offsets {
  return {
    read: async () => (await readFileIfThere(path))?.trim() || undefined,
    write: (offset) => writeFileAtomically(path, `${offset}\n`),
  }
}

/** Keeps the offset until the process ends. The next process starts at a time instead (`pull.ts`). */
export function createMemoryOffsets(): Offsets {
  let kept: string | undefined
  return {
    read: async () => kept,
    write: async (offset) => void (kept = offset),
  }
}
