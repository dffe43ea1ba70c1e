import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

import { canonicalJson, hashOf } from '../audit/canonical.ts'
import { createChain } from '../audit/chain.ts'
import { signCheckpoint } from '../audit/checkpoint.ts'
import { createClassify } from '../audit/classify.ts'
import type { ProcessFacts } from '../audit/event.ts'
import { createExamine, type Examine } from '../audit/examine.ts'
import { createRecentRecords } from '../audit/recent.ts'
import { openAppendFile } from '../audit/sinks/append-file.ts'
import { FileSink } from '../audit/sinks/file.ts'
import { HttpSink } from '../audit/sinks/http.ts'
import { reasonOf, type Sink } from '../audit/sinks/sink.ts'
import { openSpool } from '../audit/sinks/spool.ts'
import { createStdoutSink } from '../audit/sinks/stdout.ts'
import { SyslogSink } from '../audit/sinks/syslog.ts'
import { readTrailEnd, type TrailEnd } from '../audit/tail.ts'
import { createTrail, type Sign, type Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import { Secret } from '../config/values/secret.ts'
import { createPathMatcher } from '../policy/path-matcher.ts'
import type { Redis } from '../redis/redis.ts'
import type { Condition } from '../telemetry/condition.ts'
import { type AuditKeys, provisionAuditKeys } from './audit-keys.ts'
import type { Dependencies } from './dependencies.ts'

type SinkConfig = Config['audit']['sinks'][number]

/** The audit trail of this process, begun. */
export async function provisionAudit(config: Config, dependencies: Dependencies, redis: Redis | undefined) {
  const { now, logger, randomBytes } = dependencies
  const { audit } = config
  const writer = randomBytes(9).toString('base64url')
  const keys = await provisionAuditKeys(config, dependencies, {
    redis,
    onRotated: (kid, publicJwk) => names.name('rotated', { kid, publicJwk }),
  })
  const end = endOfTrail(audit.sinks)
  const sinks = audit.sinks.map((sink) => sinkOf(sink, writer, dependencies))
  const recent = createRecentRecords(now)
  const trail = createTrail({
    chain: createChain(writer),
    sinks: [...filesLast(sinks), recent.sink],
    now,
    signer: () => names.signer(keys),
    onFailure: (err, { event }) => logger.error({ err, event }, 'a record was not written to the audit trail'),
    onCheckpoint: (checkpoint) => keepCheckpoint(audit.sinks, checkpoint, logger),
    checkpointEveryMs: audit.checkpointEvery,
  })
  const names = createKeyNames(trail)
  begin(trail, { facts: processFacts(config, keys), end })
  names.signer(keys)
  const watching = logSinks(sinks, logger)
  return {
    trail,
    recent,
    examine: examineOf(config, keys),
    stage: { trail, classify: createClassify(createPathMatcher) },
    jwks: { keys, path: '/audit/jwks.json' },
    conditions: () => [...sinks.map(conditionOf), ...(config.audit.keys.store === 'redis' ? [keys.condition()] : [])],
    async close() {
      clearInterval(watching)
      await trail.close()
      keys.close()
    },
  }
}

/** Reads the file that this process writes, where there is one; keys that end with the process vouch for nothing older. */
function examineOf({ audit }: Config, keys: AuditKeys): Examine | undefined {
  const path = pathOfTrail(audit.sinks)
  return path === undefined
    ? undefined
    : createExamine(path, () => (audit.keys.store === 'file' ? keys.jwks().keys : []))
}

function pathOfTrail(sinks: readonly SinkConfig[]): string | undefined {
  return sinks.find(({ file }) => file !== undefined)?.file?.path
}

/**
 * The next process reads from the file where this chain ended. A record that only the file has, because the process was
 * killed before it reached the other sinks, would be missing there for ever.
 */
function filesLast(sinks: readonly Sink[]): Sink[] {
  return [...sinks.filter((sink) => !(sink instanceof FileSink)), ...sinks.filter((sink) => sink instanceof FileSink)]
}

/** A sink that blocks degrades readiness, too: requests without audit still work. */
function conditionOf(sink: Sink): Condition {
  const { name, onFailure } = sink
  const { reason, waiting } = sink.status()
  if (reason === undefined) return { name: `audit ${name}`, status: 'ok' }
  const effect = onFailure === 'block' ? 'admin actions are refused unless it keeps them' : `${waiting} records wait`
  return { name: `audit ${name}`, status: 'degraded', reason: `${reason}; ${effect}` }
}

function sinkOf(sink: SinkConfig, writer: string, { now, output, fetch }: Dependencies): Sink {
  const { file, syslog, http } = sink
  if (file !== undefined) return new FileSink({ ...file, maxBytes: file.maxSize, now })
  if (syslog !== undefined) {
    const { protocol, ca, cert, key, ...rest } = syslog
    const given = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key: key.reveal() }) }
    return new SyslogSink({ ...rest, tls: protocol === 'tls' ? given : undefined })
  }
  if (http !== undefined) {
    const { url, token, queue, maxQueue, maxBatch, gather, timeout, onFailure } = http
    const spool = openSpool({ folder: queue, writer, maxBytes: maxQueue, maxLines: maxBatch })
    const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }
    const post = fetch as typeof globalThis.fetch
    return new HttpSink({ url, headers, onFailure, spool, gatherMs: gather, timeoutMs: timeout, fetch: post })
  }
  return createStdoutSink(output)
}

/** What the first file of the trail ended with, before anything is added to it. */
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

/** Each chain names a key, with its public half, before that key signs in it: another process may have rotated. */
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
  const secrets: string[] = []
  const written = JSON.stringify(config, (_name, value: unknown) => {
    if (!(value instanceof Secret)) return value
    secrets.push(value.reveal())
    return '[secret]'
  })
  return {
    config: hashOf(canonicalJson(JSON.parse(written))),
    key: keys.current()?.kid ?? '',
    pid: process.pid,
    secrets: keys.digest(JSON.stringify(secrets)),
    version: versionOfPackage(),
  }
}

function versionOfPackage(): string {
  const file = findPackageJSON(import.meta.url)
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Beside each file of the trail: a trail that was cut short lacks what its checkpoints speak of. */
function keepCheckpoint(sinks: readonly SinkConfig[], checkpoint: string, logger: Dependencies['logger']): void {
  for (const { file } of sinks) {
    if (file === undefined) continue
    try {
      const kept = openAppendFile(`${file.path}.checkpoints`)
      kept.append(Buffer.from(`${checkpoint}\n`))
      kept.close()
    } catch (err) {
      logger.error({ err }, 'a checkpoint of the audit trail could not be kept beside its file')
    }
  }
}

const watchEveryMs = 1_000

/** Says in the log when a sink begins to fail, and when it takes records again. */
function logSinks(sinks: readonly Sink[], logger: Dependencies['logger']): NodeJS.Timeout {
  const failing = new Set<string>()
  const look = (): void => {
    for (const sink of sinks) {
      const { name } = sink
      const { reason, waiting, lost } = sink.status()
      if ((reason !== undefined) === failing.has(name)) continue
      if (reason === undefined) {
        failing.delete(name)
        logger.info({ sink: name, lost }, 'a sink of the audit trail takes records again')
      } else {
        failing.add(name)
        logger.error({ sink: name, reason: reasonOf(reason), waiting, lost }, 'a sink of the audit trail fails')
      }
    }
  }
  return setInterval(look, watchEveryMs).unref()
}
