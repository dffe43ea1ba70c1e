// Requests that `fetch` cannot send: a mere TLS handshake, a navigation, an upgrade.

import type { X509Certificate } from 'node:crypto'
import { get as getHttp, request as httpRequest } from 'node:http'
import { get as getHttps, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'

import { hostOf } from '../../config/values/addresses.ts'
import { createAgentFor } from '../../process/outgoing-fetch.ts'

/** `status` is 0 when there is no answer; `text` is then the reason. */
export type Answer = { status: number; headers: Headers; text: string }

const timeoutMs = 10_000
const upgradeTimeoutMs = 5_000

/** The result of a TLS handshake. */
type Handshake = { certificate: X509Certificate | undefined; protocol: string; cipher: string }

/** Makes one TLS handshake with the host of an https URL, without verifying its certificate. Undefined when the handshake fails. */
export function shakeHands(url: URL, options: ConnectionOptions = {}): Promise<Handshake | undefined> {
  const host = hostOf(url)
  // The server name (SNI) must not be an IP address (RFC 6066 §3).
  const servername = isIP(host) === 0 ? host : ''
  return new Promise((resolve) => {
    const port = Number(url.port || 443)
    const socket = connect({ ...options, host, port, servername, rejectUnauthorized: false })
    const end = (handshake?: Handshake) => {
      resolve(handshake)
      socket.destroy()
    }
    socket.setTimeout(timeoutMs, () => end())
    socket.once('error', () => end())
    socket.once('secureConnect', () =>
      end({
        certificate: socket.getPeerX509Certificate(),
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().name,
      }),
    )
  })
}

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }

/**
 * Opens an address as a browser does, without following redirects. Rejects when there is no answer. `fetch` cannot be used: it always
 * sends `Sec-Fetch-Mode: cors`, but only a navigation starts a login.
 * @param ca additional certificate authorities (PEM)
 */
export function openAsBrowser(url: string, env: NodeJS.ProcessEnv, ca?: string): Promise<Answer> {
  const { protocol } = new URL(url)
  const get = protocol === 'https:' ? getHttps : getHttp
  const agent = createAgentFor(env, ca)(protocol)
  return new Promise<Answer>((resolve, reject) => {
    const request = get(url, { agent, headers: navigation, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      const received = new Headers()
      for (const [name, values = []] of Object.entries(response.headersDistinct)) {
        for (const value of values) received.append(name, value)
      }
      resolve({ status: response.statusCode ?? 0, headers: received, text: '' })
      // Only the status and the headers are needed, not the body.
      response.destroy()
    })
    request.once('error', reject)
  }).finally(() => agent.destroy())
}

/** Whether there is any answer to a WebSocket upgrade (RFC 6455 §4.1), with 101 or another status. */
export function answersUpgrade(url: string): Promise<boolean> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c3RhZ2Vkb29yLWRvY3Rvcg==',
  }
  return new Promise((resolve) => {
    const request = send(url, { headers, timeout: upgradeTimeoutMs })
    const end = (answer: boolean) => {
      resolve(answer)
      request.destroy()
    }
    request.once('upgrade', (_response, socket) => {
      socket.destroy()
      end(true)
    })
    request.once('response', () => end(true))
    request.once('timeout', () => end(false))
    request.once('error', () => end(false))
    request.end()
  })
}
