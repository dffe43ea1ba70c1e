import type { FastifyInstance } from 'fastify'

import { type Parts, provision } from './app-parts.ts'
import { buildApp } from './app.ts'
import type { Config } from './config/schema.ts'
import type { Dependencies } from './dependencies.ts'

export type Served = {
  app: FastifyInstance
  parts: Parts
  listen: () => Promise<void>
}

/** The gateway of one process, ready to listen. */
export async function serve(config: Config, dependencies: Dependencies): Promise<Served> {
  const parts = await provision(config, dependencies)
  const app = await buildApp(config, dependencies, parts)
  const { path, host, port } = config.server.listen
  return {
    app,
    parts,
    async listen() {
      await app.listen(path === undefined ? { host, port } : { path })
    },
  }
}
