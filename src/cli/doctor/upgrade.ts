import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

const timeoutMs = 5_000

/** Whether anything answers the upgrade to a WebSocket (RFC 6455 §4.1), be it with 101 or with another status. */
export function answersUpgrade(url: string): Promise<boolean> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c3RhZ2Vkb29yLWRvY3Rvcg==',
  }
  return new Promise((resolve) => {
    const request = send(url, { headers, timeout: timeoutMs })
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
