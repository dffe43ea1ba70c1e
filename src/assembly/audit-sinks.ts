import { openAppendFile } from '../audit/sinks/append-file.ts'
import { FileSink } from '../audit/sinks/file.ts'
import { HttpSink } from '../audit/sinks/http.ts'
import { reasonOf, type Sink } from '../audit/sinks/sink.ts'
import { Spool } from '../audit/sinks/spool.ts'
import { createStdoutSink } from '../audit/sinks/stdout.ts'
import { SyslogSink } from '../audit/sinks/syslog.ts'
import type { Trail } from '../audit/trail.ts'
import type { Config } from '../config/schema.ts'
import type { Dependencies } from './dependencies.ts'
import type { Holding } from './kept-across-reloads.ts'

type SinkConfig = Config['audit']['sinks'][number]

/** Each file and each queue has one writer. When settings change, the same writer takes over the new ones. */
export function sinkOf(sink: SinkConfig, writer: string, dependencies: Dependencies, holding: Holding): Sink {
  const { file, syslog, http } = sink
  if (file !== undefined) return fileSink(file, dependencies, holding)
  if (syslog !== undefined) {
    const make = () => syslogSink(syslog)
    return holding.part({ name: 'audit syslog', settings: syslog, make, close: closeSink })
  }
  if (http !== undefined) return httpSink(http, writer, dependencies, holding)
  return holding.part({ name: 'audit to stdout', make: () => createStdoutSink(dependencies.output) })
}

function fileSink(file: NonNullable<SinkConfig['file']>, { now }: Dependencies, holding: Holding): Sink {
  const options = { ...file, maxBytes: file.maxSize, now }
  const made = holding.part({
    name: 'audit file',
    settings: file.path,
    make: () => new FileSink(options),
    close: closeSink,
  })
  holding.onInForce(() => made.use(options))
  return made
}

/**
 * On a reload, checks that each newly configured file can be opened. A process start skips the check, because it replaces no working sink.
 * @throws when a new file cannot be opened for writing
 */
export function tryNewFiles(sinks: readonly SinkConfig[], holding: Holding): void {
  const paths = sinks.flatMap(({ file }) => (file === undefined ? [] : [file.path]))
  const inUse = holding.part({ name: 'files of the trail', make: (): { paths?: readonly string[] } => ({}) })
  holding.onInForce(() => void (inUse.paths = paths))
  if (inUse.paths === undefined) return
  for (const path of paths) if (!inUse.paths.includes(path)) tryFile(path)
}

function tryFile(path: string): void {
  try {
    openAppendFile(path).close()
  } catch (cause) {
    throw new Error(`the audit trail cannot be written to ${path}: ${reasonOf(cause)}`, { cause })
  }
}

function syslogSink({ protocol, ca, cert, key, ...rest }: NonNullable<SinkConfig['syslog']>): Sink {
  const given = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key: key.reveal() }) }
  return new SyslogSink({ ...rest, tls: protocol === 'tls' ? given : undefined })
}

function httpSink(
  { url, token, queue, maxQueue, maxBatch, gather, timeout, onFailure }: NonNullable<SinkConfig['http']>,
  writer: string,
  { fetch }: Dependencies,
  holding: Holding,
): Sink {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }
  const post = fetch as typeof globalThis.fetch
  const options = { url, headers, onFailure, gatherMs: gather, timeoutMs: timeout, fetch: post }
  const limits = { maxBytes: maxQueue, maxLines: maxBatch }
  const { spool, made } = holding.part({
    name: 'audit queue',
    settings: queue,
    make() {
      const opened = new Spool({ folder: queue, writer, ...limits })
      return { spool: opened, made: new HttpSink({ ...options, spool: opened }) }
    },
    close: (queued) => closeSink(queued.made),
  })
  holding.onInForce(() => {
    spool.limit(limits)
    made.use(options)
  })
  return made
}

/** Closing a sink twice does no harm; the trail may have closed it already. */
function closeSink(sink: Sink): Promise<void> {
  return sink.close()
}

const watchEveryMs = 1_000

/** Logs when a sink begins to fail, and when it takes records again. */
export function logSinks(trail: Pick<Trail, 'sinks'>, logger: Dependencies['logger']): NodeJS.Timeout {
  const failing = new Set<string>()
  const look = (): void => {
    for (const sink of trail.sinks) {
      const { name } = sink
      const { reason, waiting, lost } = sink.status()
      if ((reason !== undefined) === failing.has(name)) continue
      if (reason === undefined) {
        failing.delete(name)
        logger.info({ sink: name, lost }, 'a sink of the audit trail takes records again')
      } else {
        failing.add(name)
        logger.error({ sink: name, reason, waiting, lost }, 'a sink of the audit trail fails')
      }
    }
  }
  return setInterval(look, watchEveryMs).unref()
}

/** Logs at shutdown which sinks fail, and how many records wait in them. */
export function logFailing(sinks: readonly Sink[], logger: Dependencies['logger']): void {
  for (const sink of sinks) {
    const { reason, waiting, lost } = sink.status()
    if (reason === undefined) continue
    const facts = { sink: sink.name, reason, waiting, lost }
    logger.error(facts, 'the process ends while a sink of the audit trail fails')
  }
}
