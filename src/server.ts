import cluster from 'node:cluster'

import type { CustomFetch } from 'openid-client'

import type { Dependencies } from './assembly/dependencies.ts'
import { provisionLogSender } from './assembly/telemetry.ts'
import { settingsFingerprint } from './config/fingerprints.ts'
import { type LoadedConfig, loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { readRemembered } from './config/tree/texts.ts'
import { workerCount } from './config/worker-count.ts'
import { removeStaleSocket } from './listener/acceptors.ts'
import { buildAdminApp, adminAnswers } from './process/admin-app.ts'
import { createAgentFor, createFetch } from './process/outgoing-fetch.ts'
import { startPrimary } from './process/primary.ts'
import { followFiles } from './process/reload-on-change.ts'
import { logWarnings } from './process/reload.ts'
import type { DependenciesFor } from './process/running-gateway.ts'
import { closeOnSignal, ignoreHangup, type Log } from './process/signals.ts'
import { openChannel } from './process/workers/channel.ts'
import { answerPrimary } from './process/workers/merged-answers.ts'
import { reloadWithPrimary } from './process/workers/reload-all.ts'
import { createRandomPool } from './seal/random.ts'
import { createLogDestination } from './telemetry/log-destination.ts'
import { createLogger } from './telemetry/logger.ts'
import type { LogSender } from './telemetry/otlp-logs.ts'

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
  const surroundings = await surroundingsOf(loaded, options)
  const { logger } = surroundings
  logWarnings(warnings, logger)
  const { path } = config.server.listen
  if (path !== undefined) await removeStaleSocket(path)
  if (config.server.selfTest !== 'off') await testBackstage(config, await surroundings.dependenciesFor(loaded))
  if (workerCount(config) === 1) await startAlone(loaded, options, surroundings)
  else await startPrimary(loaded, options, surroundings)
}

async function testBackstage(config: Config, { logger, fetch, now }: Dependencies): Promise<void> {
  const { runSelfTest } = await import('./cli/doctor/self-test.ts')
  await runSelfTest(config, { logger, fetch: fetch as typeof globalThis.fetch, now })
}

// `serve` is imported here because the primary of workers does not need it.
async function startAlone(loaded: LoadedConfig, options: StartOptions, surroundings: Surroundings): Promise<void> {
  const { config } = loaded
  const { logger, dependenciesFor } = surroundings
  const { serve } = await import('./process/running-gateway.ts')
  const { createReloadable } = await import('./process/reload-this-process.ts')
  const served = await serve(loaded, dependenciesFor)
  const admin = await buildAdminApp(adminAnswers(served.parts, logger), () => served.config().server.prefix, logger)
  // A copy, because Fastify writes into its options.
  await admin.listen({ ...config.server.admin })
  await served.listen()
  const following = followFiles(loaded, { load: options, logger, reloadable: createReloadable(served, surroundings) })
  async function close(): Promise<void> {
    following.stop()
    await served.close()
    await admin.close()
  }
  closeOnSignal(close, () => served.config().server.timeouts.shutdown, surroundings)
}

/** A worker takes the configuration from the primary, so that all have the same, whatever has become of the files. */
async function startWorker(options: StartOptions): Promise<void> {
  const channel = openChannel()
  const { texts, listen, refusal } = await channel.beginning
  const read = await loadConfig({ ...options, readText: readRemembered(texts) })
  const loaded = { ...read, config: { ...read.config, server: { ...read.config.server, listen } } }
  const surroundings = await surroundingsOf(loaded, options)
  const { logger, dependenciesFor } = surroundings
  const { serve } = await import('./process/running-gateway.ts')
  const { waitUntilReady } = await import('./process/wait-until-ready.ts')
  const { createReloadable } = await import('./process/reload-this-process.ts')
  const served = await serve(loaded, dependenciesFor)
  const reloadable = createReloadable(served, surroundings)
  answerPrimary(channel, adminAnswers(served.parts, logger))
  reloadWithPrimary(channel, reloadable, (received) => loadConfig({ ...options, readText: readRemembered(received) }))
  closeOnSignal(closeAsWorker, () => served.config().server.timeouts.shutdown, surroundings)
  if (refusal !== undefined) served.parts().lastReload.note({ inForceSince: Date.now(), refusal })
  await waitUntilReady(served.parts())
  await served.listen()
  channel.ready()

  /** Connections from the primary may still be on their way. This process refuses them, and then the primary gives them to another. */
  async function closeAsWorker(): Promise<void> {
    await served.close()
    await channel.settle()
  }
}

type Surroundings = Log & { dependenciesFor: DependenciesFor }

async function surroundingsOf({ config }: LoadedConfig, { env }: StartOptions): Promise<Surroundings> {
  const stdout = createLogDestination(1)
  let sender: LogSender | undefined
  const output = {
    failure: stdout.failure,
    onLost: stdout.onLost,
    write(line: string): void {
      stdout.write(line)
      sender?.take(line)
    },
  }
  const logger = createLogger(config.log.level, output)
  const common = { logger, output, now: Date.now, randomBytes: createRandomPool() }
  const fetches = new Map<string | undefined, Promise<typeof fetch>>()
  const openSender = ({ telemetry, auth0 }: Config) =>
    provisionLogSender({ telemetry }, { logger, agentFor: createAgentFor(env, auth0.tls?.ca) })
  sender = await openSender(config)
  let followed = config
  return {
    logger,
    closeLog: async () => sender?.close(),
    async follow(next) {
      const former = followed
      followed = next
      // A level that was set at run time stays until the option changes.
      if (next.log.level !== former.log.level) logger.level = next.log.level
      const target = ({ telemetry, auth0 }: Config) => settingsFingerprint([telemetry.otlp, auth0.tls])
      if (target(next) === target(former)) return
      const before = sender
      sender = await openSender(next)
      await before?.close()
    },
    async dependenciesFor({ config: { auth0 }, origins }) {
      const ca = auth0.tls?.ca
      const outgoing = fetches.get(ca) ?? createFetch(env, ca)
      fetches.set(ca, outgoing)
      return { ...common, origins, agentFor: createAgentFor(env, ca), fetch: (await outgoing) as CustomFetch }
    },
  }
}
