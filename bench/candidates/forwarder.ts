/** Stagedoor's proxy stage alone, behind a mock that allows every request. */
import Fastify from 'fastify'

import { acceptMethods } from '../../src/listener/fastify-options.ts'
import { createOpenConnections } from '../../src/proxy/open-connections.ts'
import { proxy } from '../../src/proxy/plugin.ts'
import { createUpgradeRequests } from '../../src/proxy/upgrades.ts'
import { createUpstream } from '../../src/proxy/upstream-connections.ts'
import { upstreamWith } from '../../test/support/upstream-options.ts'
import { announce, originUrl, port } from './environment.ts'

const app = Fastify({ http: { maxHeaderSize: 65_536 } })
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const identity = { headers: ['X-Stagedoor-Assertion', 'x'.repeat(900)], replacesAuthorization: false }

acceptMethods(app)
app.decorateRequest('facts')
app.decorateRequest('decision')
app.decorateRequest('upstreamIdentity')
app.addHook('onRequest', (request, reply, done) => {
  const { method = 'GET', url = '/' } = request.raw
  const query = url.indexOf('?')
  request.facts = {
    requestId: request.id,
    traceparent,
    method,
    path: query === -1 ? url : url.slice(0, query),
    query: query === -1 ? '' : url.slice(query),
    host: request.raw.headers.host ?? '',
    protocol: 'http',
    clientIp: '127.0.0.1',
    isNavigation: false,
    isUpgrade: request.raw.headers.upgrade !== undefined,
  }
  request.decision = { effect: 'allow', rule: 'everything', upstream: 'origin' }
  request.upstreamIdentity = identity
  reply.header('x-request-id', request.id)
  done()
})
await app.register(proxy, {
  upgrades: createUpgradeRequests(),
  upstreams: new Map([['origin', createUpstream(upstreamWith({ urls: [originUrl], maxConnections: 4_096 }))]]),
  publicOrigin: `http://127.0.0.1:${port}`,
  openConnections: createOpenConnections(),
  transferTimeoutMs: 60_000,
})
await app.listen({ port, host: '127.0.0.1' })
announce({})
