import type { Readable, Writable } from 'node:stream'

import { UpstreamError } from './upstream-error.ts'

type BodyOptions = {
  body: Readable
  /** Length that the head announced, in bytes; -1 for a body in chunks. */
  length: number
  socket: Writable
  /** How long the client may take to send `leastBytes`, or the rest of the body. */
  timeoutMs: number
  /** A part of the body, or its end, was written. */
  onProgress: () => void
  /** The body ended early, broke off, was longer than announced or came too slowly. The connection must be closed. */
  onFailure: (error: Error) => void
}

/** The least that a client has to send in each period: a slower body would occupy an upstream's connection. */
const leastBytes = 32_768

/** A body that is being sent to an upstream. */
export type BodySender = ReturnType<typeof sendBody>

/** Sends a body as fast as the upstream reads. Fails if its length is not the one that the head announced (RFC 9112 §6). */
export function sendBody({ body, length, socket, timeoutMs, onProgress, onFailure }: BodyOptions) {
  const isChunked = length === -1
  let bytesSent = 0
  let isDone = false
  let isStopped = false
  const pace = watchPace(body, timeoutMs, (message) => fail(new UpstreamError('UPSTREAM_BODY_TIMEOUT', message)))

  function onData(chunk: Buffer): void {
    // An empty chunk would end the body (RFC 9112 §7.1).
    if (chunk.length === 0) return
    bytesSent += chunk.length
    if (!isChunked && bytesSent > length) return fail(mismatch('longer'))
    const hasRoom = isChunked ? writeChunk(socket, chunk) : socket.write(chunk)
    onProgress()
    pace.note(chunk.length, hasRoom)
    if (!hasRoom) body.pause()
  }

  function onEnd(): void {
    if (!isChunked && bytesSent !== length) return fail(mismatch('shorter'))
    isDone = true
    stop()
    if (isChunked) socket.write('0\r\n\r\n', 'latin1')
    onProgress()
  }

  const onDrain = (): void => void body.resume()
  const onClose = (): void => fail(new UpstreamError('UPSTREAM_BODY_MISMATCH', 'the body of the request broke off'))

  function fail(error: Error): void {
    if (isStopped) return
    stop()
    onFailure(error)
  }

  /** Stops sending. The listener for `error` stays: a later error must not end the process. */
  function stop(): void {
    isStopped = true
    pace.stop()
    body.off('data', onData).off('end', onEnd).off('close', onClose)
    socket.off('drain', onDrain)
  }

  body.on('end', onEnd).on('error', onClose).on('close', onClose)
  socket.on('drain', onDrain)
  body.on('data', onData)
  if (body.closed) queueMicrotask(onClose)
  return {
    get isDone(): boolean {
      return isDone
    },
    stop,
  }
}

/** Checks that a client sends `leastBytes` in each period. Periods in which the upstream held it up do not count. */
function watchPace(body: Readable, timeoutMs: number, onSlow: (message: string) => void) {
  let bytes = 0
  let isHeldUp = false
  const timer = setTimeout(look, timeoutMs).unref()

  function look(): void {
    if (!isHeldUp && bytes < leastBytes)
      return onSlow(`the client sent ${bytes} bytes of the body within ${timeoutMs} ms`)
    bytes = 0
    isHeldUp = body.isPaused()
    timer.refresh()
  }

  return {
    note(count: number, hasRoom: boolean): void {
      bytes += count
      isHeldUp ||= !hasRoom
    },
    stop: () => clearTimeout(timer),
  }
}

/** RFC 9112 §7.1; one write for size, content and end. */
function writeChunk(socket: Writable, chunk: Buffer): boolean {
  socket.cork()
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk)
  const hasRoom = socket.write('\r\n', 'latin1')
  socket.uncork()
  return hasRoom
}

function mismatch(what: string): UpstreamError {
  return new UpstreamError('UPSTREAM_BODY_MISMATCH', `the body of the request is ${what} than its Content-Length`)
}
