import type { JWK } from 'jose'

import { createMemoryKeyStore } from '../assertion/key-store.ts'
import { createClassify } from '../audit/admin-actions.ts'
import { createChain } from '../audit/chain.ts'
import { signCheckpoint } from '../audit/checkpoint-jws.ts'
import type { ProcessFacts } from '../audit/event.ts'
import { createRecentRecords } from '../audit/recent.ts'
import { createExamine, type Examine } from '../audit/search-and-verify.ts'
import { appendLine } from '../audit/sinks/append-file.ts'
import { filesLast } from '../audit/sinks/sink-order.ts'
import type { Sink } from '../audit/sinks/sink.ts'
import { readTrailEnd, type TrailEnd } from '../audit/trail-end.ts'
import { checkpointFileOf } from '../audit/trail-files.ts'
import { createTrail, type Sign, type Trail, type TrailSettings } from '../audit/trail.ts'
import { configDigest } from '../config/fingerprints.ts'
import { packageVersion } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { counted } from '../config/values/quantities.ts'
import { Secret } from '../config/values/secret.ts'
import type { Redis } from '../redis/redis.ts'
import { type Condition, condition } from '../telemetry/condition.ts'
import { foundationOfKeys } from './assertion.ts'
import { type AuditKeys, provisionAuditKeys } from './audit-keys.ts'
import { logFailing, logSinks, sinkOf, tryNewFiles } from './audit-sinks.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type SinkConfig = Config['audit']['sinks'][number]

/** Starts the audit trail of this process. Its chain continues across reloads. */
export async function provisionAudit(
  config: Config,
  dependencies: Dependencies,
  { redis, holding }: { redis: Redis | undefined; holding: Holding },
) {
  const { audit } = config
  const writer = holding.part({ name: 'audit writer', make: () => dependencies.randomBytes(9).toString('base64url') })
  const keys = await holdKeys(config, dependencies, redis, holding)
  const recent = holding.part({ name: 'recent records', make: () => createRecentRecords(dependencies.now) })
  tryNewFiles(audit.sinks, holding)
  const sinks = audit.sinks.map((sink) => sinkOf(sink, writer, dependencies, holding))
  const settings = {
    sinks: [...filesLast(sinks), recent.sink],
    onCheckpoint: (checkpoint: string) => keepCheckpoint(audit.sinks, checkpoint, dependencies.logger),
    onRecorded: recent.count,
    checkpointEveryMs: audit.checkpointEvery,
  }
  const begun = holding.part({
    name: 'audit trail',
    make: () => beginTrail(config, dependencies, { writer, settings, keys: keys.current }),
    close: (made) => made.close(),
  })
  holding.onInForce(() => {
    keys.name(begun.name)
    begun.use(settings, keys.current)
  })
  const areKept = audit.keys.store !== 'memory'
  return {
    trail: begun.trail,
    recent,
    examine: examineOf(config, keys.current),
    stage: { trail: begun.trail, classify: createClassify() },
    jwks: { keys: keys.current, path: '/audit/jwks.json' },
    conditions: () => [...sinks.map(conditionOf), ...(areKept ? [keys.current.condition()] : [])],
  }
}

type Name = (action: 'in-use' | 'rotated', key: NamedKey) => void

/** The keys of the trail. `name` sets the function that records a rotated key; the trail, which is made later, provides it. */
async function holdKeys(
  config: Config,
  dependencies: Dependencies,
  redis: Redis | undefined,
  holding: Holding,
): Promise<{ current: AuditKeys; name: (name: Name) => void }> {
  const memory = holding.part({ name: 'audit key store', make: createMemoryKeyStore })
  const naming = holding.part({ name: 'audit key names', make: (): { name?: Name } => ({}) })
  const onRotated = (kid: string, publicJwk: JWK) => naming.name?.('rotated', { kid, publicJwk })
  const current = await holding.part({
    name: 'audit keys',
    ...foundationOfKeys('audit', config, redis),
    make: () => provisionAuditKeys(config, dependencies, { redis, onRotated, memory }),
    close: (made) => made.close(),
  })
  return { current, name: (name) => void (naming.name = name) }
}

type Settings = Omit<TrailSettings, 'signer'>
type TrailParts = { writer: string; settings: Settings; keys: AuditKeys }

function beginTrail(config: Config, dependencies: Dependencies, { writer, settings, keys }: TrailParts) {
  const { now, logger } = dependencies
  const end = endOfTrail(config.audit.sinks)
  const withKeys = (inUse: AuditKeys) => ({ signer: () => names.signer(inUse) })
  const trail = createTrail({
    ...settings,
    ...withKeys(keys),
    chain: createChain(writer),
    now,
    onFailure: (err, { event }) => logger.error({ err, event }, 'a record was not written to the audit trail'),
  })
  const names = createKeyNames(trail)
  begin(trail, { facts: processFacts(config, keys), end })
  names.signer(keys)
  const watching = logSinks(trail, logger)
  return {
    trail,
    name: names.name,
    use: (next: Settings, inUse: AuditKeys) => trail.use({ ...next, ...withKeys(inUse) }),
    async close() {
      clearInterval(watching)
      await trail.close()
      logFailing(trail.sinks, logger)
    },
  }
}

/** Searches and verifies the trail's file; undefined without one. Keys in memory cannot verify records of earlier processes. */
function examineOf({ audit }: Config, keys: AuditKeys): Examine | undefined {
  const path = pathOfTrail(audit.sinks)
  return path === undefined
    ? undefined
    : createExamine(path, () => (audit.keys.store === 'memory' ? [] : keys.jwks().keys))
}

function pathOfTrail(sinks: readonly SinkConfig[]): string | undefined {
  return sinks.find(({ file }) => file !== undefined)?.file?.path
}

/** A sink with `onFailure: block` also only degrades readiness: requests that need no audit record still work. */
function conditionOf(sink: Sink): Condition {
  const { name, onFailure } = sink
  const { reason, waiting, lost } = sink.status()
  const waits = waiting > 0 ? counted(waiting, 'record waits', 'records wait') : 'its records wait'
  const effect = onFailure === 'block' ? 'admin actions are refused until the sink works' : waits
  return condition(
    `audit ${name}`,
    reason && `${reason}; ${effect}${lost > 0 ? `, ${counted(lost, 'is lost', 'are lost')}` : ''}`,
  )
}

/** The last records of the first trail file, read before this process adds any. */
function endOfTrail(sinks: readonly SinkConfig[]): TrailEnd {
  const path = pathOfTrail(sinks)
  return path === undefined ? { heads: [], lastStart: undefined } : readTrailEnd(path)
}

type Beginning = { facts: ProcessFacts; end: TrailEnd }

function begin(trail: Trail, { facts, end }: Beginning): void {
  trail.write({ event: 'start', process: facts, previous: end.heads })
  const before = end.lastStart?.process
  if (before === undefined) return
  const change = { action: 'changed', what: 'configuration', id: facts.config }
  if (before.config !== facts.config) trail.write({ event: 'config', change })
  if (before.key !== facts.key || before.secrets === facts.secrets) return
  trail.write({ event: 'secret', change: { action: 'changed', what: 'secrets of the configuration' } })
}

type NamedKey = { kid: string; publicJwk: object }

/** Records the id and public key of each key before it signs in this chain. The key can be new here: another process may have rotated it. */
function createKeyNames(trail: Pick<Trail, 'write'>) {
  let lastNamed = ''

  function name(action: 'in-use' | 'rotated', { kid, publicJwk }: NamedKey): void {
    lastNamed = kid
    trail.write({ event: 'key', change: { what: 'audit', action, id: kid, jwk: publicJwk } })
  }

  function signer(keys: Pick<AuditKeys, 'current'>): Sign | undefined {
    const key = keys.current()
    if (key === undefined) return undefined
    if (key.kid !== lastNamed) name('in-use', key)
    return (head, at) => signCheckpoint({ ...head, at }, key)
  }

  return { name, signer }
}

function processFacts(config: Config, keys: AuditKeys): ProcessFacts {
  return {
    config: configDigest(config),
    key: keys.current()?.kid ?? '',
    pid: process.pid,
    secrets: keys.digest(JSON.stringify(secretsIn(config))),
    version: packageVersion(),
  }
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : []
}

/** Also writes each checkpoint to a file beside the trail. If the trail is cut short, a checkpoint still names a record that is missing. */
function keepCheckpoint(sinks: readonly SinkConfig[], checkpoint: string, logger: Dependencies['logger']): void {
  for (const { file } of sinks) {
    if (file === undefined) continue
    try {
      appendLine(checkpointFileOf(file.path), checkpoint)
    } catch (err) {
      logger.error({ err }, 'a checkpoint of the audit trail could not be kept beside its file')
    }
  }
}
