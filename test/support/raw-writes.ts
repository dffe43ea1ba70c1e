import type { Socket } from 'node:net'

/** Sends bytes in four pieces, one per turn of the event loop. */
export function sendInPieces(socket: Socket, text: string): void {
  const length = Math.ceil(text.length / 4)
  const send = (at: number): void => {
    socket.write(text.slice(at, at + length))
    if (at + length < text.length) setImmediate(() => send(at + length))
  }
  send(0)
}

/** Sends the same bytes repeatedly until the connection closes. */
export function sendWithoutEnd(socket: Socket, beginning: string, again: string): void {
  socket.write(beginning)
  const send = (): void => {
    if (!socket.destroyed) socket.write(again, () => setImmediate(send))
  }
  send()
}
