import type { Test } from 'tap'

import type { KeyRing } from '../../src/assertion/key-rotation.ts'
import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createSealer } from '../../src/seal/sealer.ts'

/**
 * Makes the signing keys of assertions in Redis older, as time would: a key signs once it has been published for a minute.
 * For tests that have seen every process publish them.
 */
export async function createKeyEditor(t: Test, url: string, secret: string) {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  const sealer = createSealer([secret], 'keys assertion')
  const key = redis.keys.named('keys:assertion')

  async function age(ms: number): Promise<void> {
    const opened = await sealer.open(String(await redis.send('GET', key)))
    if (opened === undefined) throw new Error('no signing keys in Redis')
    const { signsFrom, ...ring } = opened.payload as KeyRing
    const aged = {
      ...ring,
      rotatedAt: ring.rotatedAt - ms,
      ...(signsFrom !== undefined && { signsFrom: signsFrom - ms }),
    }
    await redis.send('SET', key, await sealer.seal(aged))
  }
  return { age }
}
