import type { Dependencies } from '../assembly/dependencies.ts'
import { createLasting } from '../assembly/kept-across-reloads.ts'
import type { Parts } from '../assembly/plugin-options.ts'
import type { LoadedConfig } from '../config/load.ts'
import { withoutTakenHost } from '../config/needs-restart.ts'
import type { Config } from '../config/schema.ts'
import { closeGently } from '../listener/close-gently.ts'
import { Listener } from '../listener/listener.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildGeneration, type Generation } from './generation.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** The gateway of one process. */
export type Served = {
  /** The parts of the configuration in force. */
  parts: () => Parts
  config: () => Config
  listen(): Promise<void>
  /**
   * Prepares another configuration next to the one in force.
   * @throws when something cannot be prepared; nothing has changed then
   */
  prepare(wanted: Wanted): Promise<Prepared>
  /** Stops serving. Requests that are under way, or that clients have already sent, may finish. */
  close(): Promise<void>
}

/** A configuration that can take effect at once. */
export type Prepared = {
  /** Without the changes that need a restart. */
  config: Config
  /**
   * New requests are decided by this configuration. Requests under way continue with the former one; event streams and WebSockets
   * that the new rules forbid are closed.
   */
  putInForce: () => Promise<void>
  abandon(): Promise<void>
}

/** A configuration, and where its values come from. */
export type Wanted = Pick<LoadedConfig, 'config' | 'origins'>

export type DependenciesFor = (wanted: Wanted) => Promise<Dependencies>

/** @param dependenciesFor creates what comes from outside the process, for a configuration */
export async function serve(wantedFirst: Wanted, dependenciesFor: DependenciesFor): Promise<Served> {
  const lasting = createLasting()
  const build = async (wanted: Wanted) => buildGeneration(wanted.config, await dependenciesFor(wanted), lasting)
  const first = await build(wantedFirst)
  await first.parts.holding.putInForce()
  const { overload, upgrades, proxy } = first.parts
  const { logger } = first.dependencies
  const generations = createSuccession(first, logger)
  const { inForce } = generations
  const listener = new Listener({
    logger,
    overload,
    upgrades,
    routing: (request, response) => inForce().carry(request, response),
  })
  listener.use(first.config.server, first.parts.certificate)

  async function prepare(wanted: Wanted): Promise<Prepared> {
    const next = await build({ ...wanted, config: withoutTakenHost(inForce().config, wanted.config) })
    const { server } = next.config
    try {
      await waitUntilReady(next.parts)
      const isElsewhere = !isSameAddress(server.listen, inForce().config.server.listen)
      const listening = isElsewhere ? await listener.listen(server.listen) : undefined
      return {
        config: next.config,
        async putInForce() {
          const settled = generations.putInForce(next)
          listener.use(server, next.parts.certificate)
          listening?.keep()
          await settled
        },
        async abandon() {
          listening?.giveUp()
          await next.app.close()
        },
      }
    } catch (cause) {
      await next.app.close()
      throw cause
    }
  }

  async function end(): Promise<void> {
    const closeLongLived = () => void proxy.openConnections.closeLongLived(1001, 'Stagedoor is shutting down')
    const { drain: drainMs, shutdown: shutdownMs } = inForce().config.server.timeouts
    inForce().parts.shutdown.begin()
    await closeGently({ listener, overload, closeLongLived, drainMs, shutdownMs })
    await generations.close()
  }

  let closing: Promise<void> | undefined
  return {
    parts: () => inForce().parts,
    config: () => inForce().config,
    listen: async () => void (await listener.listen(inForce().config.server.listen)),
    prepare,
    close: () => (closing ??= end()),
  }
}

/** The generations of the gateway, one for each configuration. Each finishes its own requests. */
function createSuccession(first: Generation, logger: Logger) {
  let inForce = first
  const retiring = new Set<Promise<unknown>>()
  const report = (err: unknown) => logger.error({ err }, 'resources of the old configuration could not be closed')
  return {
    inForce: () => inForce,
    async putInForce(next: Generation): Promise<void> {
      const former = inForce
      inForce = next
      await next.parts.holding.putInForce(former.parts.holding).catch(report)
      const retired = former.retire().catch(report)
      retiring.add(retired)
      void retired.finally(() => retiring.delete(retired))
    },
    /** Resolves when all requests have ended and all generations are closed. */
    async close(): Promise<void> {
      await Promise.all(retiring)
      await inForce.app.close()
    },
  }
}

type Address = Config['server']['listen']

function isSameAddress(one: Address, other: Address): boolean {
  return one.path === other.path && (one.path !== undefined || (one.host === other.host && one.port === other.port))
}
