import type { ServerResponse } from 'node:http'

/**
 * Acts once, just before the head of an answer is written, by Fastify or by the proxy.
 * A connection that was upgraded has no such moment.
 */
export function beforeHead(response: ServerResponse, act: (status: number) => void): void {
  const write = response.writeHead.bind(response)
  response.writeHead = (status: number, ...rest: never[]): ServerResponse => {
    response.writeHead = write
    act(status)
    return write(status, ...rest)
  }
}
