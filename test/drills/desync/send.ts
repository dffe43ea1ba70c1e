import { connect } from 'node:net'

/** After this long without bytes, and without an upstream whose answer is due, the gateway waits for more of the request. */
const patienceMs = 300

/** A plain request, the last one of its connection. */
export const probeOf = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

/**
 * Sends bytes (latin1) and a plain request for a path behind them. A gateway that waits for more of them gets bytes that no
 * parser takes for a request.
 * @param isAnswerDue whether an upstream has a whole request that it has not answered yet, however slow it is
 * @returns all that comes back until the gateway closes
 */
export function sendAndRead(
  port: number,
  bytes: string,
  pathAfter: string,
  isAnswerDue: () => boolean,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let answer = ''
    socket.setEncoding('latin1')
    socket.setTimeout(patienceMs, () => {
      if (isAnswerDue()) socket.setTimeout(patienceMs)
      else socket.write('\0'.repeat(1_000))
    })
    socket.on('data', (chunk: string) => void (answer += chunk))
    // A reset is one way of closing.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.write(Buffer.from(bytes + probeOf(pathAfter), 'latin1'))
  })
}

/** The paths that the upstream says it was asked for, answer by answer. */
export function seenPaths(answer: string): string[] {
  return [...answer.matchAll(/^x-seen: ?(\S*)\r$/gim)].map(([, path = '']) => path)
}
