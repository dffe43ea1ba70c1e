import cluster from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'

import type { CustomFetch } from 'openid-client'

import type { Dependencies } from './assembly/dependencies.ts'
import { provisionLogSender } from './assembly/otlp.ts'
import { type LoadedConfig, loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { readRemembered } from './config/tree/texts.ts'
import { removeStaleSocket } from './listener/listen.ts'
import { buildAdminApp, type Shown, shownBy } from './process/admin-app.ts'
import { createAgentFor, createFetch } from './process/outgoing-fetch.ts'
import { startPrimary, workerCount } from './process/primary.ts'
import { logWarnings, readAnew } from './process/reload.ts'
import { closeOnSignal, ignoreHangup, type Log, onHangup } from './process/signals.ts'
import { openChannel } from './process/workers/channel.ts'
import { answerPrimary } from './process/workers/shown-by-all.ts'
import { createRandomPool } from './seal/random.ts'
import { createLogger, type Logger } from './telemetry/logger.ts'
import type { LogSender } from './telemetry/otlp-logs.ts'
import { createTurnDestination } from './telemetry/turn-destination.ts'

export type StartOptions = { files: readonly string[]; env: NodeJS.ProcessEnv }

/**
 * The process: loads configuration, listens, and on SIGTERM or SIGINT lets open requests finish. With several
 * `server.workers` the process that was started only looks after them.
 * @throws ConfigError with every problem of the configuration
 */
export async function start(options: StartOptions): Promise<void> {
  // By default SIGHUP ends a Node process. The files are about to be read, so an early SIGHUP needs no action.
  ignoreHangup()
  if (cluster.isWorker) return startWorker(options)
  const loaded = await loadConfig(options)
  const { config, warnings } = loaded
  const dependencies = await dependenciesOf(loaded, options)
  const { logger, closeLog } = dependencies
  logWarnings(warnings, logger)
  const { path } = config.server.listen
  if (path !== undefined) await removeStaleSocket(path)
  if (config.server.selfTest !== 'off') await testBackstage(config, dependencies)
  if (workerCount(config) === 1) await startAlone(config, options, dependencies)
  else await startPrimary(loaded, options, { logger, closeLog })
}

async function testBackstage(config: Config, { logger, fetch, now }: Dependencies): Promise<void> {
  const { runSelfTest } = await import('./cli/doctor/self-test.ts')
  await runSelfTest(config, { logger, fetch: fetch as typeof globalThis.fetch, now })
}

// `serve` is imported here because the primary of workers does not need it.
async function startAlone(config: Config, options: StartOptions, dependencies: Process): Promise<void> {
  const { logger } = dependencies
  onHangup(() => checkAnew(options, logger))
  const { serve } = await import('./process/serve.ts')
  const { app, parts, listen, close } = await serve(config, dependencies)
  const admin = await buildAdminApp(shownBy(parts, logger), config.server.prefix, logger)
  app.addHook('onClose', async () => admin.close())
  // Fastify writes into the object that it is given.
  await admin.listen({ ...config.server.admin })
  await listen()
  closeOnSignal(close, () => config.server.timeouts.shutdown, dependencies)
}

/** What one process can do on SIGHUP: without others that take its place it would have to stop serving meanwhile. */
async function checkAnew(options: StartOptions, logger: Logger): Promise<void> {
  const read = await readAnew(options, logger)
  if (read === undefined) return
  const remedy = 'restart it, or start it with server.workers: 2 or more, which take up configuration on SIGHUP'
  logger.warn(`the configuration in the files is good, but one process cannot take it up: ${remedy}`)
}

/** A worker takes the configuration from the primary, so that all have the same, whatever has become of the files. */
async function startWorker(options: StartOptions): Promise<void> {
  const channel = openChannel()
  const loaded = await loadConfig({ ...options, readText: readRemembered(await channel.texts) })
  const { config } = loaded
  const dependencies = await dependenciesOf(loaded, options)
  const { serve } = await import('./process/serve.ts')
  const { parts, listen, close } = await serve(config, dependencies)
  const shown = shownBy(parts, dependencies.logger)
  answerPrimary(channel, shown)
  closeOnSignal(closeAsWorker, () => config.server.timeouts.shutdown, dependencies)
  await untilWell(shown)
  await listen()
  channel.ready()

  /** The primary may have handed over connections that are on their way: refused by this process they go to another. */
  async function closeAsWorker(): Promise<void> {
    await close()
    await channel.settle()
  }
}

/** Long enough to fetch metadata and keys; a service that does not answer must not keep a worker from serving. */
const maxFetchingMs = 1_000

/** Waits until metadata and keys are fetched, so that a new worker is as ready as the one it replaces. */
async function untilWell({ conditions }: Shown): Promise<void> {
  const endsAt = performance.now() + maxFetchingMs
  const isWell = async () => (await conditions()).every(({ status }) => status === 'ok')
  while (!(await isWell()) && performance.now() < endsAt) await delay(20)
}

type Process = Dependencies & Log

async function dependenciesOf({ config, origins }: LoadedConfig, { env }: StartOptions): Promise<Process> {
  const ca = config.auth0.tls?.ca
  const agentFor = createAgentFor(env, ca)
  const stdout = createTurnDestination(1)
  let sender: LogSender | undefined
  const output = {
    write(line: string): void {
      stdout.write(line)
      sender?.take(line)
    },
  }
  const logger = createLogger(config.log.level, output)
  sender = await provisionLogSender(config, { logger, agentFor })
  const fetch = (await createFetch(env, ca)) as CustomFetch
  const closeLog = async (): Promise<void> => sender?.close()
  return { logger, output, now: Date.now, fetch, agentFor, randomBytes: createRandomPool(), origins, closeLog }
}
