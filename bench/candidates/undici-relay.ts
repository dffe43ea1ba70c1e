/** The floor: node:http in front, undici behind, nothing decided and no header judged. Ratios are against this. */
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'

import { type Dispatcher, Pool } from 'undici'

import { announce, originUrl, port } from './environment.ts'

const pool = new Pool(originUrl, { allowH2: false, bodyTimeout: 0 })
const connectionFields = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect'])

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  constructor(response: ServerResponse) {
    this.#response = response
  }
  onRequestStart(): void {}
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const list: string[] = []
    const rawHeaders = controller.rawHeaders as Buffer[]
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = String(rawHeaders[i])
      if (!connectionFields.has(name.toLowerCase())) list.push(name, String(rawHeaders[i + 1]))
    }
    this.#response.writeHead(status, list)
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }
  onResponseEnd(): void {
    this.#response.end()
  }
  onResponseError(): void {
    this.#response.destroy()
  }
}

const server = createServer((request, response) => {
  const headers: string[] = []
  const { rawHeaders } = request
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (!connectionFields.has(name.toLowerCase())) headers.push(name, rawHeaders[i + 1] ?? '')
  }
  const body = request.method === 'GET' ? null : request
  const path = request.url ?? '/'
  pool.dispatch({ path, method: request.method ?? 'GET', headers, body }, new Relay(response))
})
server.on('upgrade', ({ url, rawHeaders }, client, head) => {
  const origin = connect(Number(new URL(originUrl).port), '127.0.0.1')
  const lines = rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
  origin.write(`GET ${url} HTTP/1.1\r\n${lines.join('')}\r\n`)
  origin.write(head)
  client.pipe(origin).pipe(client)
  for (const [one, other] of [
    [client, origin],
    [origin, client],
  ] as const) {
    one.on('error', () => other.destroy()).on('close', () => other.destroy())
  }
})
server.listen(port, '127.0.0.1', () => announce({}))
