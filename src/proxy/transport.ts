import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'

import { buildConnector, type Dispatcher, Pool } from 'undici'

import { UpstreamError } from './failure.ts'

/** How an upstream is reached over TLS, certificates as PEM text. */
export type UpstreamTls = {
  /** Authorities that sign the upstream's certificate; default: those that Node knows. */
  ca?: string | undefined
  /** Our own certificate, where the upstream asks for one. */
  certificate?: string | undefined
  key?: string | undefined
  /** Name in the upstream's certificate, where it is not the host of its URL. */
  serverName?: string | undefined
}

export type TransportOptions = {
  connectTimeoutMs: number
  /** Longest head of an answer: names and values together. */
  maxHeaderBytes: number
  tls?: UpstreamTls | undefined
}

/** One request for an upstream. */
export type UpstreamRequest = {
  method: string
  /** Path and query, as they are sent. */
  path: string
  /** Flat list of names and values, `Host` among them; `Content-Length` where the length of the body is known. */
  headers: readonly string[]
  /** A protocol to change to, which the upstream may accept with 101. */
  upgrade: 'websocket' | undefined
  body: Readable | null
  /** From the request sent to the head of the answer. */
  headTimeoutMs: number
}

/** A GET of our own. */
export type StatusRequest = {
  path: string
  /** Flat list of names and values, `Host` first. */
  headers: readonly string[]
  /** From now to the end of the answer. */
  timeoutMs: number
}

/** Carries requests to one address; how many at a time is for the caller to say. */
export type Transport = {
  /** The handler hears what becomes of the request. */
  dispatch(request: UpstreamRequest, handler: Dispatcher.DispatchHandler): void
  /**
   * Sends a GET of our own and discards the body of the answer.
   * @returns its status
   * @throws Error when no answer comes in time
   */
  getStatus(request: StatusRequest): Promise<number>
  /** Ends all connections; requests under way fail. */
  close(): void
}

/** A longer answer to a request of our own is cut off: its body has no use. */
const maxReadBytes = 65_536

/**
 * undici's connections to an address: `http://host:port`, `https://…` or `unix:/path`.
 * @throws TypeError when it is none of them
 */
export function createTransport(address: string, options: TransportOptions): Transport {
  const { origin, servername, connect } = placeOf(address, options)
  const { maxHeaderBytes } = options
  // Bodies and open streams have no limit of time.
  const poolOptions = { allowH2: false, bodyTimeout: 0, maxHeaderSize: maxHeaderBytes, connect }
  const requests = new Pool(origin, poolOptions)
  // An upgrade cannot be sent again, so that it never meets an idle connection that is about to end.
  const upgrades = new Pool(origin, poolOptions)

  return {
    dispatch({ method, path, headers, upgrade, body, headTimeoutMs }, handler) {
      const pool = upgrade === undefined ? requests : upgrades
      // An iterator leaves what remains of the body alone; undici would destroy a stream, and with it the client's connection.
      const content = body === null ? null : body.iterator({ destroyOnReturn: false })
      const asked = { method, path, headers, upgrade, body: content, headersTimeout: headTimeoutMs }
      pool.dispatch({ ...asked, blocking: false, servername } as unknown as Dispatcher.DispatchOptions, handler)
    },
    async getStatus({ path, headers, timeoutMs }) {
      const signal = AbortSignal.timeout(timeoutMs)
      const asked = { method: 'GET', path, headers: [...headers], signal, servername }
      const { statusCode, body } = await requests.request(asked)
      await body.dump({ limit: maxReadBytes, signal })
      return statusCode
    },
    close() {
      void requests.destroy()
      void upgrades.destroy()
    },
  }
}

type Connect = buildConnector.connector

/** A way to connect, and the name under which undici keeps the connections of an origin apart. */
function placeOf(address: string, { connectTimeoutMs, tls }: TransportOptions) {
  const url = new URL(address)
  const socketPath = url.protocol === 'unix:' ? address.slice('unix:'.length) : undefined
  if (socketPath === '') throw new TypeError('an address with unix: needs the path of a socket')
  if (socketPath === undefined && url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`${url.protocol}//… is no address of an upstream`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // RFC 6066 §3: the name of a server is never an IP address; its certificate is compared with the host then.
  const servername = tls?.serverName ?? (isIP(host) === 0 ? host : '')
  const open = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(socketPath !== undefined && { socketPath }),
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.certificate !== undefined && { cert: tls.certificate }),
    ...(tls?.key !== undefined && { key: tls.key }),
  })
  // Left alone, undici takes the `Host` of a request for the name in the certificate.
  const connect: Connect = (options, callback) =>
    open({ ...options, host: '', servername }, (...[error, socket]) => {
      if (error === null) callback(null, namingResets(socket))
      else
        callback(new UpstreamError('UPSTREAM_CONNECT_FAILED', 'no connection could be opened', { cause: error }), null)
    })
  return { origin: socketPath === undefined ? url.origin : 'http://localhost', servername: servername || host, connect }
}

/**
 * undici takes a reset for the end of a body that has no length, so that one cut off would look whole. It knows a reset by
 * its code.
 */
function namingResets(socket: Socket): Socket {
  return socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = 'UPSTREAM_RESET'
  })
}
