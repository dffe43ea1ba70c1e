import type { FastifyInstance } from 'fastify'

import { buildApp } from '../app.ts'
import type { Dependencies } from '../assembly/dependencies.ts'
import { type Parts, provision } from '../assembly/provision.ts'
import type { Config } from '../config/schema.ts'
import { closeGently } from '../listener/close-gently.ts'
import { prepareListening } from '../listener/listen.ts'

export type Served = {
  app: FastifyInstance
  parts: Parts
  listen: () => Promise<void>
  /** Stops serving; requests under way and those on their way may finish. */
  close: () => Promise<void>
}

/** The gateway of one process, ready to listen. */
export async function serve(config: Config, dependencies: Dependencies): Promise<Served> {
  const parts = await provision(config, dependencies)
  const app = await buildApp(config, dependencies, parts)
  const listen = prepareListening(app, config.server)
  const { overload, proxy } = parts
  const closeLongLived = () => void proxy.openConnections.closeLongLived(1001, 'Stagedoor is shutting down')
  const leaving = { app, overload, closeLongLived, shutdownMs: config.server.timeouts.shutdown }
  let closing: Promise<void> | undefined
  return {
    app,
    parts,
    listen,
    close: () => (closing ??= closeGently(leaving)),
  }
}
