import { quantile } from '../statistics.ts'
import type { OpenStream } from './open-streams.ts'

export type EchoResult = { echoes: number; p50Ms: number; p99Ms: number }

const atATime = 32
const text = Buffer.alloc(64, 'x')
// RFC 6455 §5.2: a client masks, and a mask of zeros is one; what comes back is not masked.
const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text])
const echoBytes = 2 + text.length

/** Sends a text on each WebSocket in turns, 32 under way at a time, for `durationMs`. */
export async function echo(streams: readonly OpenStream[], durationMs: number): Promise<EchoResult> {
  const latencies: number[] = []
  const endsAt = performance.now() + durationMs
  const lanes = Array.from({ length: Math.min(atATime, streams.length) }, async (_, lane) => {
    for (let at = lane; performance.now() < endsAt; at += atATime) {
      if (at >= streams.length) at = lane
      const stream = streams[at]
      if (stream === undefined) return
      const latencyMs = await roundTripMs(stream, endsAt)
      if (latencyMs !== undefined) latencies.push(latencyMs)
    }
  })
  await Promise.all(lanes)
  const sorted = latencies.toSorted((a, b) => a - b)
  return { echoes: sorted.length, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) }
}

/** Nothing when the echo is not there at the end: a lost one must not hold up the figures of the others. */
function roundTripMs(stream: OpenStream, endsAt: number): Promise<number | undefined> {
  const sentAt = performance.now()
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), Math.max(0, endsAt - sentAt))
    let missingBytes = echoBytes
    stream.onData = (bytes) => {
      missingBytes -= bytes.length
      if (missingBytes > 0) return
      clearTimeout(timer)
      resolve(performance.now() - sentAt)
    }
    stream.socket.write(frame)
  })
}
