import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'

import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'

import type { LocalAuth0 } from '../../auth0/local/server.ts'
import { buildApp } from '../../src/app.ts'
import { createLasting } from '../../src/assembly/kept-across-reloads.ts'
import { type Parts, prepareParts } from '../../src/assembly/plugin-options.ts'
import { configSchema } from '../../src/config/schema.ts'
import { Listener } from '../../src/listener/listener.ts'
import { buildAdminApp, adminAnswers } from '../../src/process/admin-app.ts'
import type { Faults } from './faults.ts'

/** Configuration as in YAML. Sections are merged, one level deep, over the defaults for tests. */
export type ConfigOverrides = Record<string, unknown>

export type Gateway = {
  app: FastifyInstance
  admin: FastifyInstance
  listener: Listener
  /** The parts that the stages use. A test may break one. */
  parts: Parts
  /** `server.baseUrl`, the public URL. */
  url: string
  /** The URL of the listener; differs from `url` only behind a proxy. */
  directUrl: string
  /** Log and audit lines so far. */
  logged: Record<string, unknown>[]
  /** Records of the trail, except for those about the trail itself. */
  records(): Record<string, unknown>[]
}

export type GatewayOptions = {
  auth0: Pick<LocalAuth0, 'issuer' | 'clientId' | 'clientSecret'>
  upstream: string
  port: number
  publicPort?: number
  config?: ConfigOverrides
  now?: () => number
  /** Replaces `fetch` for the gateway's own HTTP requests, except for those to upstreams. */
  fetch?: typeof fetch
  /** Instead of the port. */
  listen?: { path: string }
  /** Makes parts of the gateway fail on demand. */
  faults?: Faults
  /** Stands between the listener and the app. */
  routing?: (app: FastifyInstance) => RequestListener
}

/** Starts the gateway as `server.ts` does, on a port chosen before, because the base URL has to name it. */
export async function startGateway(t: Test, options: GatewayOptions): Promise<Gateway> {
  const url = `http://localhost:${options.publicPort ?? options.port}`
  const directUrl = `http://127.0.0.1:${options.port}`
  const logged: Record<string, unknown>[] = []
  const output = { write: (line: string) => void logged.push(JSON.parse(line)) }
  const logger = pino({ level: 'debug' }, output)
  const config = parseConfig(url, options)
  const faulty = options.faults?.within ?? ((_name, root) => root)
  const dependencies = {
    logger,
    ...faulty('dependencies', {
      output,
      now: options.now ?? Date.now,
      fetch: (options.fetch ?? fetch) as never,
      randomBytes,
      origins: new Map(),
    }),
  }
  const prepared = await prepareParts(config, dependencies, createLasting().hold())
  await prepared.holding.putInForce()
  const parts = faulty('parts', prepared)
  const app = await buildApp(config, dependencies, parts)
  const address = { host: '127.0.0.1', port: options.port, ...options.listen }
  const { overload, upgrades, proxy, certificate } = parts
  const listener = new Listener({
    logger,
    overload,
    upgrades,
    routing: options.routing?.(app) ?? ((request, response) => app.routing(request, response)),
  })
  listener.use(config.server, certificate)
  app.addHook('preClose', async () => {
    proxy.openConnections.closeLongLived(1001, 'the test is over')
    listener.stopKeepAlive(1)
    await listener.close()
  })
  await app.ready()
  const admin = await buildAdminApp(
    adminAnswers(() => parts, logger),
    () => config.server.prefix,
    logger,
  )
  t.teardown(() => admin.close())
  t.teardown(() => app.close())
  await listener.listen(address)
  const ofTheTrailItself = new Set(['start', 'stop', 'key', 'checkpoint'])
  const records = () => {
    // Decisions wait for other records.
    parts.audit.trail.flush()
    return logged
      .flatMap(({ audit }) => (audit === undefined ? [] : [audit as Record<string, unknown>]))
      .filter(({ event }) => !ofTheTrailItself.has(String(event)))
  }
  return { app, admin, listener, parts, url, directUrl, logged, records }
}

function parseConfig(baseUrl: string, { auth0, upstream, config = {} }: GatewayOptions) {
  const defaults: Record<string, unknown> = {
    server: { baseUrl },
    auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: upstream } },
    routes: [
      { name: 'public', path: '/public/**', allow: 'public' },
      { name: 'everything', path: '/**', allow: 'authenticated' },
    ],
  }
  for (const [section, value] of Object.entries(config)) {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    defaults[section] = isMap ? { ...(defaults[section] as object), ...value } : value
  }
  return configSchema.parse(defaults)
}
