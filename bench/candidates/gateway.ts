/** The whole gateway, shared by its candidates: configured from a file, without Auth0. */
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { buildApp } from '../../src/app.ts'
import type { Dependencies } from '../../src/assembly/dependencies.ts'
import { createLasting } from '../../src/assembly/kept-across-reloads.ts'
import { type Parts, prepareParts } from '../../src/assembly/plugin-options.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Listener } from '../../src/listener/listener.ts'
import { createRandomPool } from '../../src/seal/random.ts'
import { createLogDestination } from '../../src/telemetry/log-destination.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { benchConfig } from '../gateway-config.ts'
import { originUrl, port } from './environment.ts'

const fetchNothing = async (): Promise<never> => {
  throw new Error('there is no Auth0 here')
}

/**
 * @param sections replace those of the configuration that all share
 * @param adjust changes what the stages are given
 */
export async function startGateway(
  sections: object,
  fetch: Dependencies['fetch'] = fetchNothing,
  adjust: (parts: Parts) => void = () => undefined,
) {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-bench-'))
  const file = join(folder, 'bench.yaml')
  await writeFile(file, JSON.stringify({ ...benchConfig({ port, originUrl }), ...sections }))
  const { config } = await loadConfig({ files: [file], env: process.env })
  // To a file, as a container's standard output is one: writing it is part of what a request costs.
  const output = createLogDestination(join(folder, 'log'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const logger = createLogger(config.log.level, output)
  const dependencies = { logger, output, now: Date.now, fetch, randomBytes: createRandomPool(), origins: new Map() }
  const parts = await prepareParts(config, dependencies, createLasting().hold())
  await parts.holding.putInForce()
  adjust(parts)
  const app = await buildApp(config, dependencies, parts)
  await app.ready()
  const { overload, upgrades, certificate } = parts
  const listener = new Listener({
    logger,
    overload,
    upgrades,
    routing: (request, response) => app.routing(request, response),
  })
  listener.use(config.server, certificate)
  await listener.listen({ host: '127.0.0.1', port })
  return parts
}
