import { randomBytes } from 'node:crypto'

import type { JWK } from 'jose'
import { pino } from 'pino'
import t, { type Test } from 'tap'

import { provisionAuditKeys } from '../../src/assembly/audit-keys.ts'
import { createMemoryKeyStore } from '../../src/assertion/key-store.ts'
import { createChain } from '../../src/audit/chain.ts'
import { signCheckpoint } from '../../src/audit/checkpoint-jws.ts'
import type { AuditRecord } from '../../src/audit/record-schema.ts'
import type { Config } from '../../src/config/schema.ts'
import { Secret } from '../../src/config/values/secret.ts'
import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { startCluster } from '../support/cluster.ts'
import { freePort } from '../support/ports.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { decided, epoch, temporaryFolder, verdictOn } from './support.ts'

t.setTimeout(120_000)
const dayMs = 86_400_000
const logger = pino({ level: 'silent' })

const configOf = (keys: object) =>
  ({
    audit: { keys: { rotateEvery: dayMs, ...keys } },
    session: { secrets: [new Secret('a secret for tests, at least 32 characters')] },
  }) as unknown as Config

async function open(t: Test, keys: object, { url, now = () => 0 }: { url?: string; now?: () => number } = {}) {
  const redis =
    url === undefined ? undefined : new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 30_000 })
  await redis?.attempted()
  const opened = await provisionAuditKeys(
    configOf(keys),
    { now, logger, randomBytes },
    { redis, onRotated: () => undefined, memory: createMemoryKeyStore() },
  )
  t.teardown(() => {
    opened.close()
    redis?.close()
  })
  return opened
}

type Opened = Awaited<ReturnType<typeof open>>

/** A chain of one record, signed with the current key of a process. */
function signedBy(keys: Opened, writer: string): string[] {
  const chain = createChain(writer)
  const record = chain.append(decided, epoch)
  const key = keys.current()
  if (key === undefined) throw new Error('no key')
  const checkpoint = signCheckpoint({ ...chain.head(), at: epoch }, key)
  return [record, chain.append({ event: 'checkpoint', checkpoint }, epoch)]
}

const judge = (lines: readonly string[], keys: { jwks(): { keys: JWK[] } }) => {
  const { faults, checkpoints } = verdictOn(lines, { keys: keys.jwks().keys })
  return { faults, checkpoints }
}

t.test('every process publishes the keys of all processes, from before and after a rotation', async (t) => {
  const { url } = await startRedis(t)
  let now = 0
  const all = await Promise.all([1, 2, 3].map(() => open(t, { store: 'redis' }, { url, now: () => now })))
  const before = all.flatMap((keys, index) => signedBy(keys, `before-${index}`))
  for (let rotation = 1; rotation <= 4; rotation += 1) {
    now += dayMs
    const last = all.at(-1)?.current()?.kid
    all.push(await open(t, { store: 'redis' }, { url, now: () => now }))
    await until(() => all.every((keys) => keys.current()?.kid !== last))
  }
  const after = all.flatMap((keys, index) => signedBy(keys, `after-${index}`))
  for (const keys of all) {
    t.same(judge([...before, ...after], keys), { faults: [], checkpoints: 10 })
    t.equal(keys.jwks().keys.length, 6, 'the first two, and one of each rotation')
    t.notMatch(JSON.stringify(keys.jwks()), '"d"')
  }
  t.equal(new Set(all.map((keys) => keys.digest('x'))).size, 1, 'all compare secrets with the same key')
})

t.test(
  'a process that starts while Redis is down reports that it has no key, and gets one when Redis is back',
  async (t) => {
    const port = await freePort()
    const keys = await open(t, { store: 'redis' }, { url: `redis://127.0.0.1:${port}` })
    t.equal(keys.current(), undefined)
    t.equal(keys.digest('x'), '')
    t.match(keys.condition(), { name: 'audit-keys', status: 'degraded', reason: /not signed/ })
    await startRedis(t, { port })
    await until(() => keys.current() !== undefined)
    t.match(keys.condition(), { status: 'ok' })
  },
)

t.test('a key file keeps all earlier keys', async (t) => {
  const path = `${await temporaryFolder(t)}/audit-keys.json`
  let now = 0
  const lines: string[] = []
  for (let start = 1; start <= 4; start += 1) {
    const keys = await open(t, { store: 'file', path }, { now: () => now })
    const last = keys.current()?.kid
    if (start > 1) await until(() => keys.current()?.kid !== last || keys.rotatedAt() === now)
    lines.push(...signedBy(keys, `start-${start}`))
    t.same(judge(lines, keys), { faults: [], checkpoints: start })
    keys.close()
    now += dayMs
  }
})

t.test('each worker signs its chain with a key that any worker publishes', async (t) => {
  const cluster = await startCluster(t, { audit: { keys: { store: 'redis' }, checkpointEvery: '1s' } })
  await Promise.all(Array.from({ length: 8 }, () => cluster.ask('/')))
  const recorded = () => cluster.records.map(({ audit }) => audit as AuditRecord)
  const signers = () =>
    new Set(recorded().flatMap(({ checkpoint, writer }) => (checkpoint === undefined ? [] : [writer])))
  await until(() => signers().size === 2)
  const published = JSON.parse((await cluster.ask('/.stagedoor/audit/jwks.json')).text) as { keys: JWK[] }
  await cluster.stop()
  const verdict = verdictOn(
    recorded().map((record) => JSON.stringify(record)),
    { keys: published.keys },
  )
  t.same(verdict.faults, [])
  t.equal(verdict.writers, 2)
})
