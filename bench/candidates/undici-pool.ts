import { type Dispatcher, Pool } from 'undici'

import type { ConnectionPool, ConnectionPoolOptions } from '../../src/proxy/http1/connection-pool.ts'
import type { Receiver, UpstreamRequest } from '../../src/proxy/http1/receiver.ts'

/** The connections to one address as undici's pool has them; enough of it for answers to requests without an upgrade. */
export function createConnectionPool(address: string, options: ConnectionPoolOptions): ConnectionPool {
  const pool = new Pool(address, {
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
  return { path, method, headers: [...headers], body, headersTimeout: headTimeoutMs }
}

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

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: object, text?: string): void {
    const headers = (controller.rawHeaders as Buffer[]).map((part, i) =>
      i % 2 === 0 ? part.toString('latin1').toLowerCase() : part.toString('latin1'),
    )
    const valueOf = (name: string): string | undefined => {
      for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
      return undefined
    }
    const contentLength = Number(valueOf('content-length') ?? -1)
    const connection = valueOf('connection')
    const rest = { keepAlive: undefined, isChunked: contentLength === -1, isPersistent: true }
    const head = { status, statusText: text ?? '', headers, connection, contentLength, ...rest }
    if (status < 200) return this.#receiver.onInterim(head)
    this.#receiver.onAnswer()
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
