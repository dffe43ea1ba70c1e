// This folder: rules about headers that several stages share.

/**
 * The `traceparent` that was received, where ours continues it (W3C Trace Context §3.4): only then do its `tracestate` and its
 * span belong to this request.
 */
export function continuedTrace(rawHeaders: readonly string[], traceparent: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'traceparent') continue
    const received = rawHeaders[i + 1]
    return received?.slice(0, 35) === traceparent.slice(0, 35) ? received : undefined
  }
  return undefined
}
