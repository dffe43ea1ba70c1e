import type { ConnectionPool } from './connection-pool.ts'
import type { Carrier, Receiver } from './receiver.ts'

export type StatusRequest = {
  path: string
  /** Flat list of names and values, `Host` first. */
  headers: readonly string[]
  /** Limit from now to the end of the answer. */
  timeoutMs: number
}

/** The request is aborted after this many bytes of the body, which is not used. */
const maxReadBytes = 65_536

/**
 * Sends a GET of our own and discards the body of the answer.
 *
 * @returns its status
 * @throws Error when no answer comes in time
 */
export function getStatus(
  connections: Pick<ConnectionPool, 'dispatch'>,
  { path, headers, timeoutMs }: StatusRequest,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let carrier: Carrier | undefined
  let status = 0
  let bytesRead = 0

  function giveUp(): void {
    carrier?.abort()
    reject(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'))
  }

  const timer = setTimeout(giveUp, timeoutMs)
  const receiver: Receiver = {
    onCarrier: (given) => (carrier = given),
    onSend() {},
    onAnswer() {},
    onInterim() {},
    onHead: (head) => (status = head.status),
    onData(part) {
      bytesRead += part.length
      if (bytesRead <= maxReadBytes) return
      carrier?.abort()
      resolve(status)
    },
    onEnd: () => resolve(status),
    onUpgrade: (_head, socket) => socket.destroy(),
    onFailure: reject,
  }
  const request = { method: 'GET', path, headers, upgrade: undefined, body: null, bodyLength: -1 }
  connections.dispatch({ ...request, headTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs }, receiver)
  return promise.finally(() => clearTimeout(timer))
}
