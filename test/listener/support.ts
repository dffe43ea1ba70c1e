import type { RequestListener } from 'node:http'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'

import type { Test } from 'tap'

import { createSealer } from '../../src/seal/sealer.ts'
import { startCertificates } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { sessionOf } from '../support/sessions.ts'

const secret = 'a secret for tests, at least 32 characters'
const nowhere = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }

export type TlsGateway = Awaited<ReturnType<typeof startTlsGateway>>

/** The gateway with TLS before an upstream. `cookie` is the cookie of a session. */
export async function startTlsGateway(
  t: Test,
  listener?: RequestListener,
  server: object = {},
  tlsOf: (files: { certificate: string; key: string }) => object = (files) => files,
) {
  const files = await startCertificates(t)
  const origin: Origin = await startOrigin(t, listener)
  const port = await freePort()
  const { certificate, key } = files
  const config = { server: { baseUrl: `https://localhost:${port}`, tls: tlsOf({ certificate, key }), ...server } }
  const gateway = await startGateway(t, { auth0: nowhere, upstream: origin.url, port, config })
  const cookie = `__Host-stagedoor=${await createSealer([secret], 'session').seal(sessionOf({ issuer: nowhere.issuer }))}`
  return { ...gateway, url: `https://localhost:${port}`, port, files, origin, cookie }
}

export function connectHttp2(t: Test, { port }: { port: number }): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  return session
}

export type Http2Answer = {
  headers: IncomingHttpHeaders & { ':status'?: number | undefined }
  text: string
  /** The code of the reset, 0 for none. */
  resetCode: number
}

/** Sends one request on a connection. Without a body the stream ends with its head. */
export function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const stream = session.request(headers, { endStream: body === undefined })
    const answer: Http2Answer = { headers: {}, text: '', resetCode: 0 }
    stream.setEncoding('utf8')
    stream.on('response', (received) => void (answer.headers = received))
    stream.on('data', (chunk: string) => void (answer.text += chunk))
    // A reset stream counts as an answer with its code.
    stream.on('error', () => undefined)
    stream.on('close', () => resolve({ ...answer, resetCode: stream.rstCode ?? 0 }))
    if (body !== undefined) stream.end(body)
  })
}
