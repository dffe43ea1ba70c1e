import type { FastifyReply, preParsingHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { forwardedMethods } from '../config/rules/methods.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { refuseForeignUpgrade } from '../headers/upgrade-origin.ts'
import type { Gate } from '../overload/gate.ts'
import type { ProxyFailureCode } from './failure.ts'
import { type Forwarder, forward } from './forward.ts'
import type { OpenConnections } from './open-connections.ts'
import { createIsOwnCookie } from './own-cookies.ts'
import { acceptUpgrades } from './upgrade-requests.ts'
import type { Upstream } from './upstream.ts'

export type ProxyOptions = {
  /** Upgrades come by another way than requests, and have to pass as well. */
  gate: Pick<Gate, 'guardUpgrades'>
  /** By name; closed with the app. */
  upstreams: ReadonlyMap<string, Upstream>
  /** Origin of `server.baseUrl`, without a slash at the end. */
  publicOrigin: string
  openConnections: OpenConnections
}

/** Last stage: every path that is not one of ours goes to the upstream that the decision names. */
export const proxy = fastifyPlugin<ProxyOptions>(
  async (app, { gate, upstreams, publicOrigin, openConnections }) => {
    const isOwnCookie = createIsOwnCookie(publicOrigin.startsWith('https:'))
    const upgrades = acceptUpgrades(
      app.server,
      gate.guardUpgrades((request, response) => app.routing(request, response)),
    )
    const forwarder: Forwarder = { openConnections, isOwnCookie, onFailure: fail }

    // Before Fastify looks at the body, and never past this point: it would refuse content types that it does not know.
    const carry: preParsingHookHandler = (request, reply, _payload, _done) => {
      const { decision } = request
      const upstream = decision?.effect === 'allow' ? upstreams.get(decision.upstream) : undefined
      if (upstream === undefined) throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'no-decision' })
      const upgradeHead = upgrades.headOf(request.raw)
      if (upgradeHead !== undefined && request.principal?.kind === 'user')
        refuseForeignUpgrade(request.raw.headers, publicOrigin)
      forward(request, reply, upstream, upgradeHead, forwarder)
    }

    app.route({
      url: '/*',
      method: [...forwardedMethods],
      preParsing: carry,
      handler() {
        throw new GatewayError('STAGEDOOR_INTERNAL', { reason: 'not-forwarded' })
      },
    })
    app.addHook('preClose', async () => void openConnections.closeLongLived(1001, 'Stagedoor is shutting down'))
    app.addHook('onClose', async () => {
      for (const upstream of upstreams.values()) upstream.close()
    })
  },
  { name: 'proxy', fastify: '5.x' },
)

function fail(reply: FastifyReply, code: ProxyFailureCode, cause: unknown, { maxHeaderBytes }: Upstream): void {
  if (code === 'STAGEDOOR_PROXY_OVERLOADED') {
    reply.send(new GatewayError(code, { headers: { 'Retry-After': '1' } }))
  } else if (code === 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE') {
    const name = reply.request.decision?.effect === 'allow' ? reply.request.decision.upstream : ''
    reply.send(new GatewayError(code, { cause, detail: `upstreams.${name}.maxHeaderBytes is ${maxHeaderBytes} bytes` }))
  } else {
    reply.send(new GatewayError(code, { cause }))
  }
}
