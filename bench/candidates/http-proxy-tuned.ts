/**
 * @fastify/http-proxy with everything its options allow: a dispatcher of its own, no request timeouts or retries kept,
 * answers written past Fastify's reply with `onResponse`, headers passed without a copy, no logging.
 */
import httpProxy from '@fastify/http-proxy'
import Fastify, { type FastifyReply } from 'fastify'
import { Pool } from 'undici'

import { announce, originUrl, port } from './environment.ts'

const app = Fastify({ logger: false, exposeHeadRoutes: false })
const pool = new Pool(originUrl, { allowH2: false, bodyTimeout: 0 })

await app.register(httpProxy, {
  upstream: originUrl,
  // Its types know the options of undici, and not a dispatcher that exists already.
  undici: pool as never,
  websocket: true,
  disableCache: false,
  disableRequestLogging: true,
  preHandler: (_request, _reply, done) => done(),
  retryMethods: [],
  replyOptions: {
    rewriteRequestHeaders: (_request, headers) => headers,
    onResponse(_request, reply, answer) {
      const typed = reply as unknown as FastifyReply
      typed.hijack()
      const stream = 'stream' in answer ? (answer.stream as NodeJS.ReadableStream) : (answer as NodeJS.ReadableStream)
      typed.raw.writeHead(typed.statusCode, typed.getHeaders() as Record<string, string>)
      stream.pipe(typed.raw)
    },
  },
})
await app.listen({ port, host: '127.0.0.1' })
announce({})
