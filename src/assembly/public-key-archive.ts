import type { JWK } from 'jose'

import type { Redis } from '../redis/redis.ts'
import { readFileIfThere, writeFileAtomically } from '../storage/atomic-file.ts'

/** Every public key that ever signed the trail. */
export type PublicKeyArchive = {
  /** The keys, as last read. */
  keys(): JWK[]
  /** Adds keys permanently, and reads those that other processes have added. */
  add(more: readonly JWK[]): Promise<void>
}

/** Keeps the keys until the process ends. The trail itself also contains each key. */
export function createMemoryArchive(): PublicKeyArchive {
  return createArchive(
    async () => [],
    async () => undefined,
  )
}

export function createFileArchive(path: string): PublicKeyArchive {
  const read = async (): Promise<JWK[]> => {
    const text = await readFileIfThere(path)
    return text === undefined ? [] : (JSON.parse(text) as { keys: JWK[] }).keys
  }
  return createArchive(read, (keys) => writeFileAtomically(path, JSON.stringify({ keys })))
}

/** A Redis hash with a field for each key, so that concurrent additions by several processes lose nothing. */
export function createRedisArchive(redis: Redis): PublicKeyArchive {
  const name = redis.keys.named('keys:audit:public')
  const read = async (): Promise<JWK[]> => {
    const texts = (await redis.send('HVALS', name)) as string[]
    return texts.map((text) => JSON.parse(text) as JWK).toSorted((one, other) => (idOf(one) < idOf(other) ? -1 : 1))
  }
  return createArchive(read, async (_all, fresh) => {
    await redis.send('HSET', name, ...fresh.flatMap((key) => [idOf(key), JSON.stringify(key)]))
  })
}

function createArchive(
  read: () => Promise<JWK[]>,
  write: (all: JWK[], fresh: JWK[]) => Promise<void>,
): PublicKeyArchive {
  let known: JWK[] = []
  return {
    keys: () => known,
    async add(more) {
      const kept = await read()
      const all = merged([...kept, ...known, ...more])
      const fresh = all.filter((key) => !kept.some(({ kid }) => kid === key.kid))
      if (fresh.length > 0) await write(all, fresh)
      known = all
    },
  }
}

function idOf({ kid = '' }: JWK): string {
  return kid
}

function merged(keys: readonly JWK[]): JWK[] {
  return [...new Map(keys.map((key) => [key.kid, key])).values()]
}
