import type { Connections } from './connections.ts'
import type { Carrier, Receiver } from './receiver.ts'

export type Question = {
  path: string
  /** Flat list of names and values, `Host` first. */
  headers: readonly string[]
  /** From now to the end of the answer. */
  timeoutMs: number
}

/** Longer answers are not waited for: nobody reads them. */
const maxReadBytes = 65_536

/**
 * A GET of our own; the answer's body is of no interest.
 *
 * @returns its status
 * @throws Error where no answer comes, or none in time
 */
export function ask(connections: Pick<Connections, 'dispatch'>, question: Question): Promise<number> {
  const { path, headers, timeoutMs } = question
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
  connections.dispatch({ ...request, headTimeoutMs: timeoutMs }, receiver)
  return promise.finally(() => clearTimeout(timer))
}
