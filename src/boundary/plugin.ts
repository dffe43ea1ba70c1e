import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { GateError } from '../errors/gate-error.ts'
import { isNavigation } from '../headers/navigation.ts'
import { isReservedHeader } from '../headers/reserved.ts'
import { type EncodedSlashes, refusalOfPath } from './canonical-path.ts'
import { clientConnection } from './client-connection.ts'
import type { RequestFacts } from './facts.ts'
import { lacksHost, repeatedSingleton } from './received-headers.ts'
import { isPlainQuery, splitTarget } from './request-target.ts'
import { type RandomHex, traceparent } from './trace-context.ts'
import { createProxyTrust } from './trusted-proxies.ts'

export type BoundaryOptions = {
  trustedProxies: readonly string[]
  encodedSlashes: EncodedSlashes
  randomHex: RandomHex
}

/** First stage: turns bytes from a stranger into facts, and refuses what could be read in two ways. */
export const boundary = fastifyPlugin<BoundaryOptions>(
  async (app, options) => {
    const isTrustedProxy = createProxyTrust(options.trustedProxies)
    app.decorateRequest('facts')

    app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
      reply.header('x-request-id', request.id)
      request.facts = factsOf(request)
      for (const name in request.headers) if (isReservedHeader(name)) delete request.headers[name]
      done()
    })

    function factsOf({ id, raw }: FastifyRequest): RequestFacts {
      const { path, query } = canonicalTarget(raw.url ?? '', options.encodedSlashes)
      refuseAmbiguous(raw)
      const peer = { remoteAddress: raw.socket.remoteAddress ?? '', isEncrypted: 'encrypted' in raw.socket }
      const { isForwarded, ...connection } = clientConnection(peer, raw.headers, isTrustedProxy)
      const method = raw.method ?? 'GET'
      const received = isForwarded ? raw.headers['traceparent'] : undefined
      return {
        ...connection,
        requestId: id,
        traceparent: traceparent(received as string | undefined, options.randomHex),
        method,
        path,
        query,
        isNavigation: isNavigation(method, raw.headers),
        isUpgrade: raw.headers.upgrade !== undefined,
      }
    }
  },
  { name: 'boundary' },
)

function canonicalTarget(target: string, encodedSlashes: EncodedSlashes): { path: string; query: string } {
  const split = splitTarget(target)
  const reason = refusalOfPath(split.path, encodedSlashes) ?? (isPlainQuery(split.query) ? undefined : 'query')
  if (reason !== undefined) throw new GateError('STAGEDOOR_BOUNDARY_PATH_NOT_CANONICAL', { reason })
  return split
}

function refuseAmbiguous({ rawHeaders, headers }: FastifyRequest['raw']): void {
  const name = lacksHost(headers.host) ? 'host' : repeatedSingleton(rawHeaders)
  if (name !== undefined) throw new GateError('STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS', { reason: name })
}
