import { type Dispatcher, Pool } from 'undici'

import type { ConnectionPool, ConnectionPoolOptions } from '../../src/proxy/http1/connection-pool.ts'
import type { Receiver, UpstreamRequest } from '../../src/proxy/http1/receiver.ts'

/** The connections to one address as undici's pool has them; enough of it for answers to requests without an upgrade. */
export function createConnectionPool(address: string, options: ConnectionPoolOptions): ConnectionPool {
  const pool = new Pool(address, {
    allowH2: false,
    bodyTimeout: 0,
    maxHeaderSize: options.maxHeaderBytes,
    connect: { timeout: options.connectTimeoutMs },
  })
  return {
    dispatch: (request, receiver) => void pool.dispatch(optionsOf(request), new Handler(receiver)),
    close: () => void pool.destroy(),
  }
}

function optionsOf({ path, method, headers, body, headTimeoutMs }: UpstreamRequest): Dispatcher.DispatchOptions {
  return {
    path,
    method,
    headers,
    body,
    headersTimeout: headTimeoutMs,
    blocking: false,
  } as unknown as Dispatcher.DispatchOptions
}

const padding = /^[ \t]+|[ \t]+$/g

class Handler implements Dispatcher.DispatchHandler {
  readonly #receiver: Receiver
  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#receiver.onCarrier({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: () => controller.abort(new Error('given up')),
    })
    this.#receiver.onSend()
  }
  onResponseStarted(): void {
    this.#receiver.onAnswer()
  }
  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: object, text?: string): void {
    const raw = (controller.rawHeaders as Buffer[]).map((item) => item.toString('latin1'))
    const headers: string[] = []
    let connection: string | undefined
    let contentLength = -1
    for (let i = 0; i < raw.length; i += 2) {
      const name = (raw[i] ?? '').toLowerCase()
      const value = (raw[i + 1] ?? '').replace(padding, '')
      headers.push(name, value)
      if (name === 'content-length') contentLength = Number(value)
      else if (name === 'connection') connection = value
    }
    const rest = { keepAlive: undefined, isChunked: contentLength === -1, isPersistent: true }
    const head = { status, statusText: text ?? '', headers, connection, contentLength, ...rest }
    if (status < 200) return this.#receiver.onInterim(head)
    this.#receiver.onHead(head, contentLength > 0)
  }
  onResponseData(_controller: Dispatcher.DispatchController, part: Buffer): void {
    this.#receiver.onData(part)
  }
  onResponseEnd(): void {
    this.#receiver.onEnd()
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#receiver.onFailure(error)
  }
}
