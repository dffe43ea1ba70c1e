export type FetchInput = string | URL | Request
export type FetchParameters = [input: FetchInput, init?: RequestInit | undefined]

/**
 * Gives the parameters of one call as often as it is sent, or undefined where its body is a stream that can be read only
 * once.
 */
export function replayOf(input: FetchInput, init: RequestInit | undefined): (() => FetchParameters) | undefined {
  // Backstage's `plugin://` resolution hands a request over as `init`.
  if (init instanceof Request) return init.bodyUsed ? undefined : () => [input, init.clone()]
  if (init?.body instanceof ReadableStream) return undefined
  if (!(input instanceof Request)) return () => [input, init]
  if (input.bodyUsed) return undefined
  return () => [input.clone(), init]
}
