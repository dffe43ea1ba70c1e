/** @fastify/http-proxy, configured as in its README. */
import httpProxy from '@fastify/http-proxy'
import Fastify from 'fastify'

import { announce, originUrl, port } from './environment.ts'

const app = Fastify()
await app.register(httpProxy, { upstream: originUrl, websocket: true })
await app.listen({ port, host: '127.0.0.1' })
announce({})
