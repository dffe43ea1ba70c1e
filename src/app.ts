import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import fastify, { type FastifyInstance } from 'fastify'

import type { Dependencies } from './assembly/dependencies.ts'
import type { Parts } from './assembly/plugin-options.ts'
import { jwksEndpoint } from './assertion/jwks-endpoint.ts'
import { assertion } from './assertion/plugin.ts'
import { audit } from './audit/plugin.ts'
import { requireRecord } from './audit/require-record.ts'
import { eventsEndpoint } from './auth0-events/events-endpoint.ts'
import { bearer } from './bearer/plugin.ts'
import { protectedResource } from './bearer/protected-resource.ts'
import { boundary } from './boundary/plugin.ts'
import type { Config } from './config/schema.ts'
import { account } from './endpoints/account/plugin.ts'
import { admin } from './endpoints/admin/plugin.ts'
import { forwardAuth } from './endpoints/forward-auth/plugin.ts'
import { health } from './endpoints/health/plugin.ts'
import { GatewayError } from './errors/gateway-error.ts'
import { errors } from './errors/plugin.ts'
import { limitFailures } from './failed-attempts/plugin.ts'
import { identity } from './identity/plugin.ts'
import { acceptMethods, fastifyOptions } from './listener/fastify-options.ts'
import { refuseSlowForms } from './listener/slow-forms.ts'
import { backchannelLogout } from './oidc/backchannel-logout.ts'
import { oidc } from './oidc/plugin.ts'
import { pages } from './pages/plugin.ts'
import { policy } from './policy/plugin.ts'
import { proxy } from './proxy/plugin.ts'
import { session } from './session/plugin.ts'
import { clientsThatLeft } from './telemetry/clients-that-left.ts'
import { telemetry } from './telemetry/plugin.ts'
import { requestLine } from './telemetry/request-line.ts'
import { traceStage, tracing } from './telemetry/tracing-plugin.ts'

/** The gateway: the whole path of a request, one line a stage, in order. It listens nowhere itself (`listener/`). */
export async function buildApp(config: Config, dependencies: Dependencies, parts: Parts): Promise<FastifyInstance> {
  const app = fastify(fastifyOptions(dependencies))
  acceptMethods(app)
  await app.register(pages, parts.pages)
  await app.register(errors, parts.errors)
  await app.register(clientsThatLeft)
  await app.register(requestLine, parts.requestLine)
  await app.register(limitFailures, parts.failureLimit)
  await app.register(audit, parts.audit)
  await app.register(telemetry, parts.telemetry)
  await app.register(cookie)

  await app.register(boundary, parts.boundary)
  await app.register(tracing, parts.tracing)
  traceStage(app, 'session', parts.tracing)
  await app.register(session, parts.session)
  traceStage(app, 'bearer', parts.tracing)
  await app.register(bearer, parts.bearer)
  traceStage(app, 'identity', parts.tracing)
  await app.register(identity)
  if (parts.protectedResource !== undefined) await app.register(protectedResource, parts.protectedResource)
  await app.register(ownEndpoints, {
    prefix: config.server.prefix,
    parts,
    formTimeoutMs: config.server.timeouts.transfer,
  })
  await app.register(async (guarded) => {
    traceStage(guarded, 'policy', parts.tracing)
    await guarded.register(policy, parts.policy)
    traceStage(guarded, 'audit', parts.tracing)
    await guarded.register(requireRecord, parts.audit)
    traceStage(guarded, 'assertion', parts.tracing)
    await guarded.register(assertion, parts.assertion)
    traceStage(guarded, 'proxy', parts.tracing)
    await guarded.register(forwardAuth, parts.forwardAuth)
    await guarded.register(proxy, parts.proxy)
  })

  app.addHook('onClose', async () => parts.close())
  return app
}

type OwnEndpointsOptions = { parts: Parts; formTimeoutMs: number }

/** The endpoints below `/.stagedoor/`. A request to this prefix is never forwarded. */
async function ownEndpoints(app: FastifyInstance, { parts, formTimeoutMs }: OwnEndpointsOptions): Promise<void> {
  traceStage(app, 'endpoint', parts.tracing)
  refuseSlowForms(app, formTimeoutMs)
  app.addHook('onSend', async (_request, reply) => void reply.header('x-content-type-options', 'nosniff'))
  await app.register(formbody, { bodyLimit: 65_536 })
  await app.register(oidc, parts.oidc)
  await app.register(backchannelLogout, parts.backchannel)
  await app.register(eventsEndpoint, parts.events)
  await app.register(account, parts.account)
  await app.register(admin, { ...parts.admin, prefix: '/admin' })
  await app.register(jwksEndpoint, parts.jwks)
  await app.register(jwksEndpoint, parts.machineJwks)
  await app.register(jwksEndpoint, parts.auditJwks)
  await app.register(health, parts.health)
  app.all('/*', () => {
    throw new GatewayError('STAGEDOOR_BOUNDARY_NOT_FOUND')
  })
}
