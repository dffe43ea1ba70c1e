import type { IncomingHttpHeaders } from 'node:http'

import type { RandomBytes } from '../seal/random.ts'

/**
 * The received `traceparent`, if ours continues its trace (W3C Trace Context §3.4). Otherwise undefined: its `tracestate` and span
 * then do not belong to this request.
 */
export function continuedTrace(rawHeaders: readonly string[], traceparent: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'traceparent') continue
    const received = rawHeaders[i + 1]
    return received?.slice(0, 35) === traceparent.slice(0, 35) ? received : undefined
  }
  return undefined
}

// W3C Trace Context §3.2: version 00, lower-case hex, all-zero ids are invalid.
const valid = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The `traceparent` for the upstream. A trace is continued only if a trusted proxy sent it (W3C Trace Context §3.2). */
export function traceparentFor(headers: IncomingHttpHeaders, isFromProxy: boolean, randomBytes: RandomBytes): string {
  const received = isFromProxy ? headers['traceparent'] : undefined
  return traceparent(typeof received === 'string' ? received : undefined, randomBytes)
}

/** Continues a valid `traceparent` with a span id of our own. Without a valid one, starts a new trace. */
export function traceparent(received: string | undefined, randomBytes: RandomBytes): string {
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex')
  if (received === undefined || !valid.test(received)) return `00-${hex(16)}-${hex(8)}-01`
  return `${received.slice(0, 36)}${hex(8)}${received.slice(52)}`
}
