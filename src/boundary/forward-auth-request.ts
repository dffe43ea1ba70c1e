import type { IncomingHttpHeaders } from 'node:http'

import { forwardedMethods } from '../rule-matching/methods.ts'

/** How the proxy that asks about a request (forward-auth) uses the answer. */
export type AskingProxy =
  /** Traefik, Caddy: 2xx allows the request; any refusal is sent to the client unchanged. */
  | 'relays-refusal'
  /** Envoy: only 200 allows the request; any other answer is sent to the client unchanged. */
  | 'relays-all-but-200'
  /** nginx: reads the status and the headers, and makes its own response. */
  | 'reads-status'

/** The client's request that a proxy asks about. */
type ForwardedRequest = { askedBy: AskingProxy; method: string; target: string }

/** The reason why the proxy's request does not name exactly one client request. */
type ForwardedRefusal = 'not-told' | 'told-twice' | 'method-not-allowed'

type ProxyQuestion = {
  method: string
  /** The canonical path and the query of the proxy's own request. */
  path: string
  query: string
  /** Only headers from a trusted proxy: a client could name a different request from the one it makes. */
  headers: IncomingHttpHeaders
}

/** Whether the path is the forward-auth endpoint, or a path below it (Envoy). */
export function isForwardAuth(path: string, endpoint: string): boolean {
  return path.startsWith(endpoint) && (path.length === endpoint.length || path[endpoint.length] === '/')
}

/**
 * Reads the original request from `X-Original-Method/-URI` (nginx), from `X-Forwarded-Method/-Uri` (Traefik, Caddy) or
 * from the path after the endpoint (Envoy's `path_prefix`). A proxy overwrites only the headers that it uses, and passes on the
 * others from the client. If two sources are present, one may be the client's, so the request is refused.
 * @param endpoint path of the forward-auth endpoint
 */
export function forwardedRequest(
  { method, path, query, headers }: ProxyQuestion,
  endpoint: string,
): ForwardedRequest | ForwardedRefusal {
  const original = headers['x-original-uri']
  const forwarded = headers['x-forwarded-uri']
  const below = path.slice(endpoint.length)
  const named = [original, forwarded, below || undefined].filter((way) => way !== undefined)
  if (named.length > 1) return 'told-twice'
  if (below !== '') return { askedBy: 'relays-all-but-200', method, target: below + query }
  const [byNginx, byOthers] = [headers['x-original-method'], headers['x-forwarded-method']]
  if (isText(original)) return withMethod(byNginx, { askedBy: 'reads-status', target: original })
  if (isText(forwarded)) return withMethod(byOthers, { askedBy: 'relays-refusal', target: forwarded })
  return 'not-told'
}

function withMethod(
  method: string | string[] | undefined,
  request: Omit<ForwardedRequest, 'method'>,
): ForwardedRequest | ForwardedRefusal {
  if (!isText(method)) return 'not-told'
  return forwardedMethods.includes(method) ? { ...request, method } : 'method-not-allowed'
}

function isText(value: string | string[] | undefined): value is string {
  return typeof value === 'string' && value !== ''
}
