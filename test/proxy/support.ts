import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net'

import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'

import type { UpstreamIdentity } from '../../src/assertion/upstream-identity.ts'
import type { RequestFacts } from '../../src/boundary/facts.ts'
import { fromFramework, GatewayError } from '../../src/errors/gateway-error.ts'
import { anonymous, type Principal } from '../../src/identity/principal.ts'
import { acceptMethods } from '../../src/listener/fastify-options.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { createOpenConnections, type OpenConnections } from '../../src/proxy/open-connections.ts'
import { proxy } from '../../src/proxy/plugin.ts'
import { createUpgradeRequests } from '../../src/proxy/upgrades.ts'
import { createUpstream, type UpstreamOptions } from '../../src/proxy/upstream-connections.ts'
import { sessionOf } from '../support/sessions.ts'
import { upstreamWith } from '../support/upstream-options.ts'

export const publicOrigin = 'https://portal.example.com'
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

export const facts: RequestFacts = {
  requestId: 'request-1',
  traceparent,
  method: 'GET',
  path: '/',
  query: '',
  host: 'portal.example.com',
  protocol: 'https',
  clientIp: '203.0.113.7',
  isNavigation: false,
  isUpgrade: false,
}

export const jane: Principal = {
  kind: 'user',
  issuer: 'https://tenant.example.com/',
  subject: 'auth0|jane',
  sessionId: 'session-1',
  claims: { roles: [], groups: [], permissions: [] },
  amr: [],
}

export type Gateway = { port: number; url: string; app: FastifyInstance; openConnections: OpenConnections }

export type GatewayOptions = {
  upstream: Partial<Omit<UpstreamOptions, 'urls'>> & ({ url: string } | { urls: readonly string[] })
  decision?: Decision | undefined
  principal?: Principal
  identity?: UpstreamIdentity
  /** The effect of an earlier stage on the reply, or its refusal. */
  earlierStage?: (app: FastifyInstance) => void
}

const allow: Decision = { effect: 'allow', rule: 'everything', upstream: 'backstage' }

/** The proxy stage behind a mock of all earlier stages. */
export async function startGateway(t: Test, options: GatewayOptions): Promise<Gateway> {
  const app = Fastify()
  acceptMethods(app)
  const openConnections = createOpenConnections()
  app.decorateRequest('decision')
  app.setErrorHandler((error, _request, reply) => {
    const { code, statusCode, headers } =
      error instanceof GatewayError ? error : fromFramework(error as { code?: string })
    return reply.code(statusCode).headers(headers).send({ code })
  })
  app.addHook('onRequest', async (request, reply) => {
    const [path = '/', query] = (request.raw.url ?? '/').split('?')
    const isUpgrade = request.raw.headers.upgrade !== undefined
    request.facts = { ...facts, method: request.method, path, query: query === undefined ? '' : `?${query}`, isUpgrade }
    request.principal = options.principal ?? anonymous
    if (request.principal.kind === 'user') request.session = sessionOf({ id: request.principal.sessionId })
    request.decision = 'decision' in options ? options.decision : allow
    request.upstreamIdentity = options.identity
    reply.header('x-request-id', facts.requestId)
  })
  options.earlierStage?.(app)
  const { upstream } = options
  const urls = 'urls' in upstream ? upstream.urls : [upstream.url]
  const upstreams = new Map([['backstage', createUpstream(upstreamWith({ ...upstream, urls }))]])
  const upgrades = createUpgradeRequests()
  upgrades.accept(app.server, (request, response) => app.routing(request, response))
  app.addHook('preClose', async () => void openConnections.closeLongLived(1001, 'Stagedoor is shutting down'))
  app.addHook('onClose', async () => upstreams.forEach((each) => each.close()))
  await app.register(proxy, { upgrades, upstreams, publicOrigin, openConnections, transferTimeoutMs: 60_000 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const port = portOf(app.server)
  return { port, url: `http://127.0.0.1:${port}`, app, openConnections }
}

/** An HTTP upstream. */
export async function startOrigin(t: Test, listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${portOf(server)}`, server }
}

/** An upstream that reads and writes raw bytes: `onHead` gets each connection's first bytes as text. */
export async function startRawOrigin(
  t: Test,
  onHead: (head: string, socket: Socket) => void,
): Promise<{ url: string }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let head = ''
    socket.on('data', function onData(chunk: Buffer) {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const complete = head
      head = ''
      onHead(complete, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${portOf(server)}` }
}

/** A client connection that writes `text` unchanged. */
export function connectRaw(t: Test, port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** Reads from a socket until the received text contains `mark`, or until the connection ends. */
export async function readUntil(socket: Socket, mark: string | undefined): Promise<string> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString('latin1')
    if (mark !== undefined && text.includes(mark)) break
  }
  return text
}

/** The flat header list as `name: value` lines, names in lower case. */
export function linesOf(list: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < list.length; i += 2) lines.push(`${list[i]?.toLowerCase()}: ${list[i + 1]}`)
  return lines
}

function portOf(server: TcpServer | Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port')
  return address.port
}
