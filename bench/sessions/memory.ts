/** Measures the memory of so many sessions in the local cache of one process; prints JSON. Run with --expose-gc. */
import { randomBytes } from 'node:crypto'

import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createLocalBus } from '../../src/revocation/bus.ts'
import { createRevocations } from '../../src/revocation/revocations.ts'
import { CoherentCache } from '../../src/session/coherent-cache.ts'
import { createDeferredWrites } from '../../src/session/deferred-writes.ts'
import { createRecordSealer } from '../../src/session/record-sealer.ts'
import { RedisStore } from '../../src/session/redis-store.ts'
import { sessionSecret } from '../gateway-config.ts'
import { benchSession } from './session.ts'

const count = Number(process.argv[2])
const maxEntries = Number(process.argv[3] ?? count)
const limits = { idleTimeoutMs: 3_600_000, absoluteTimeoutMs: 43_200_000 }
const node = parseNode(process.env['REDIS_URL'] ?? 'redis://127.0.0.1')
const redis = new Redis({ topology: { kind: 'single', node }, timeoutMs: 10_000 })
await redis.attempted()
const cache = new CoherentCache({ events: createLocalBus().events, maxEntries, outageGraceMs: 0, now: Date.now })
const store = new RedisStore({
  redis,
  sealer: createRecordSealer([sessionSecret]),
  cache,
  deferred: createDeferredWrites(redis.events),
  ended: createRevocations({ bus: createLocalBus(), ...limits, now: Date.now }).ended,
  limits,
  randomBytes,
  now: Date.now,
})

const atATime = 200
const cookies: string[] = []
for (let i = 0; i < count; i += atATime) {
  const saved = await Promise.all(Array.from({ length: atATime }, (_, j) => store.save(benchSession(i + j))))
  cookies.push(...saved.map(String))
}

const before = heapBytes()
for (let i = 0; i < count; i += atATime) {
  await Promise.all(cookies.slice(i, i + atATime).map((cookie) => store.find(cookie)))
}
const bytes = heapBytes() - before
process.stdout.write(`${JSON.stringify({ count, cached: cache.size, bytes })}\n`)
process.exit(0)

function heapBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
