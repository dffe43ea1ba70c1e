import { connect } from 'node:net'

/** After this long without bytes, and without a pending answer of an upstream, the gateway waits for more of the request. */
const patienceMs = 300

/** A plain request that is the last one of its connection. */
export const probeOf = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`

/**
 * Sends bytes (latin1) followed by a plain request for a path. A gateway that waits for more gets bytes that no
 * parser reads as a request.
 * @param isAnswerDue whether an upstream has a complete request that it has not answered yet
 * @returns all bytes that arrive until the gateway closes
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
    // A reset counts as a close.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.write(Buffer.from(bytes + probeOf(pathAfter), 'latin1'))
  })
}

/** The requested paths that the upstream reports in its answers. */
export function seenPaths(answer: string): string[] {
  return [...answer.matchAll(/^x-seen: ?(\S*)\r$/gim)].map(([, path = '']) => path)
}
