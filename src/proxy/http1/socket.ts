import { connect as connectTcp, isIP, type OnReadOpts, type Socket, type SocketConstructorOpts } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

import { hostOf } from '../../config/values/addresses.ts'
import { UpstreamError } from './upstream-error.ts'

/** TLS settings for an upstream. Certificates and keys are PEM text. */
export type UpstreamTls = {
  /** Authorities that sign the upstream's certificate; default: those that Node knows. */
  ca?: string | undefined
  /** Our own certificate, for upstreams that require one. */
  certificate?: string | undefined
  key?: string | undefined
  /** The name in the upstream's certificate, if it is not the host of its URL. */
  serverName?: string | undefined
}

export type AddressOptions = { connectTimeoutMs: number; tls?: UpstreamTls | undefined }

/**
 * Opens a connection.
 * @param onRead if given, receives the bytes, and the socket is not read as a stream
 * @param onOpen called once, when bytes can be sent: with TLS after the handshake
 */
export type OpenSocket = (onRead: OnReadOpts | undefined, onOpen: () => void) => Socket

const socketScheme = 'unix:'
const keepAliveProbeMs = 60_000

/**
 * Returns a function that opens connections to one address: `http://host:port`, `https://…` or `unix:/path`.
 * @throws TypeError when the address has another form
 */
export function createSocketOpener(address: string, { connectTimeoutMs, tls }: AddressOptions): OpenSocket {
  const open = address.startsWith(socketScheme) ? pathOpener(address) : openerFor(new URL(address), tls)

  return (onRead, onOpen) => {
    const socket = open(onRead).setNoDelay(true).setKeepAlive(true, keepAliveProbeMs)
    const timer = setTimeout(() => {
      socket.destroy(new UpstreamError('UPSTREAM_CONNECT_TIMEOUT', `no connection within ${connectTimeoutMs} ms`))
    }, connectTimeoutMs)
    const settled = (): void => clearTimeout(timer)
    socket.once('close', settled)
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      settled()
      socket.off('close', settled)
      onOpen()
    })
    return socket
  }
}

const closedByPeer = new Set(['EPIPE', 'ECONNRESET'])

/**
 * Keeps reading after a write has failed because the other side closed the connection: its answer may have arrived but not been
 * read yet. node:net would destroy the socket, and the answer with it.
 * @param onFailed called once; nothing can be written after it
 */
export function readAfterFailedWrite(socket: Socket, onFailed: (error: Error) => void): void {
  const write = socket._write.bind(socket)
  const writeAll = socket._writev?.bind(socket)
  type Done = (error?: Error | null) => void
  const unlessClosed =
    (done: Done): Done =>
    (error) => {
      // Not calling `done` leaves this write pending, so the stream starts no other one.
      if (error && 'code' in error && closedByPeer.has(String(error.code))) onFailed(error)
      else done(error)
    }
  socket._write = (chunk, encoding, done) => write(chunk, encoding, unlessClosed(done))
  socket._writev = (chunks, done) => writeAll?.(chunks, unlessClosed(done))
}

function pathOpener(address: string) {
  const path = address.slice(socketScheme.length)
  if (path === '') throw new TypeError('an address with unix: needs the path of a socket')
  return (onread?: OnReadOpts) => connectTcp({ path, onread })
}

function openerFor(url: URL, tls: UpstreamTls | undefined) {
  const { protocol, port } = url
  const host = hostOf(url)
  if (protocol === 'http:') {
    const where = { host, port: Number(port || 80) }
    return (onread?: OnReadOpts) => connectTcp({ ...where, onread })
  }
  if (protocol !== 'https:') throw new TypeError(`${protocol}//… is no address of an upstream`)
  return tlsOpener({ host, port: Number(port || 443), ...tlsOptions(host, tls) })
}

/** Connections after the first resume its TLS session (RFC 8446 §2.2), which saves most of the handshake. */
function tlsOpener(options: ConnectionOptions) {
  let session: Buffer | undefined
  return (onread?: OnReadOpts): Socket => {
    // Node's types leave out the options for the socket underneath.
    const all: ConnectionOptions & SocketConstructorOpts = { ...options, session, onread }
    const socket = connectTls(all)
    socket.on('session', (next) => (session = next))
    return socket
  }
}

function tlsOptions(host: string, { ca, certificate: cert, key, serverName }: UpstreamTls = {}): ConnectionOptions {
  // RFC 6066 §3: a server name is never an IP address. Without one, Node verifies the certificate against the host.
  const servername = serverName ?? (isIP(host) === 0 ? host : undefined)
  return { ALPNProtocols: ['http/1.1'], servername, ca, cert, key }
}
