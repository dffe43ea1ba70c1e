import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { refuseUpgradeFromOtherOrigin } from '../headers/other-origins.ts'
import { forwardedMethods } from '../rule-matching/methods.ts'
import type { Exchange } from './exchange.ts'
import type { OpenConnections } from './open-connections.ts'
import { createIsOwnCookie } from './own-cookies.ts'
import { type Forwarder, prepareExchange } from './prepare-exchange.ts'
import type { UpgradeRequests } from './upgrades.ts'
import type { Upstream } from './upstream-connections.ts'

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange | undefined
  }
}

type ProxyOptions = {
  upgrades: Pick<UpgradeRequests, 'headOf'>
  /** By name. */
  upstreams: ReadonlyMap<string, Upstream>
  /** Origin of `server.baseUrl`, without a slash at the end. */
  publicOrigin: string
  openConnections: OpenConnections
  /** How long a client may take to send or to read a part of a body. */
  transferTimeoutMs: number
}

/** The last stage. It forwards every path that is not one of ours to the upstream that the decision names. */
export const proxy = fastifyPlugin<ProxyOptions>(
  async (app, { upgrades, publicOrigin, ...options }) => {
    const isOwnCookie = createIsOwnCookie(publicOrigin.startsWith('https:'))
    const forwarder: Forwarder = { ...options, isOwnCookie, loopMark: publicOrigin }

    app.decorateRequest('exchange')
    await app.register(frame, {
      prepare(request: FastifyRequest, reply: FastifyReply): Exchange {
        const upgradeHead = upgrades.headOf(request.raw)
        if (upgradeHead !== undefined && request.principal?.kind === 'user')
          refuseUpgradeFromOtherOrigin(request.raw.headers, publicOrigin)
        return prepareExchange(request, reply, upgradeHead, forwarder)
      },
    })
  },
  { name: 'proxy', fastify: '5.x' },
)

const exchangeOf = Symbol('exchange')

/** Stands in for undici in `@fastify/http-proxy`. The exchange answers the client itself, so this never calls back. */
const transport = {
  request: ({ headers }: { headers: Record<symbol, Exchange> }) => headers[exchangeOf]?.start(),
}

/**
 * Registers `@fastify/http-proxy`, once for all upstreams, for its routes, methods, parsers and hooks. The exchange supplies
 * upstream, path and headers from what the earlier stages decided; those that `@fastify/http-proxy` computes are ignored.
 */
async function frame(
  app: FastifyInstance,
  { prepare }: { prepare: (request: FastifyRequest, reply: FastifyReply) => Exchange },
) {
  // `@fastify/http-proxy` replaces only the JSON parser. Fastify's text parser would consume text bodies before they are forwarded.
  app.removeAllContentTypeParsers()
  await app.register(httpProxy, {
    upstream: '',
    routes: ['/*'],
    httpMethods: [...forwardedMethods],
    undici: transport as never,
    disableRequestLogging: true,
    // `@fastify/http-proxy` refuses escapes that are not UTF-8, which the boundary allows. It does not need the path.
    preRewrite: () => '/',
    preHandler(request, reply, done) {
      request.exchange = prepare(request, reply as unknown as FastifyReply)
      done()
    },
    // Return nothing: Fastify would wait for the returned reply, and log each client that leaves.
    handler: (_request, reply, destination, options) => void reply.from(destination, options),
    replyOptions: {
      getUpstream: () => 'http://upstream.invalid',
      rewriteRequestHeaders: (request) => ({ [exchangeOf]: request.exchange }),
    },
  })
}
