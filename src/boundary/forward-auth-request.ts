import type { IncomingHttpHeaders } from 'node:http'

import { forwardedMethods } from '../rule-matching/methods.ts'

/** How the proxy that asks about a request (forward-auth) takes our answer. */
export type AskingProxy =
  /** Traefik, Caddy: 2xx lets the request pass; a refusal goes to the client as it is. */
  | 'relays-refusal'
  /** Envoy: only 200 lets the request pass; any other answer goes to the client as it is. */
  | 'relays-all-but-200'
  /** nginx: reads the status and the headers, and makes its own answer. */
  | 'reads-status'

/** The client's request that a proxy asks about, from the proxy's headers. */
type ForwardedRequest = { askedBy: AskingProxy; method: string; target: string }

/** Why the proxy's headers do not name one request. */
type ForwardedRefusal = 'not-told' | 'told-twice' | 'method-not-allowed'

type ProxyQuestion = {
  method: string
  /** Canonical path and query under which the proxy asks. */
  path: string
  query: string
  /** From a trusted proxy only: a client could ask about a request that it is not going to make. */
  headers: IncomingHttpHeaders
}

/** Whether this path asks about another request: the forward-auth endpoint itself, or below it, as Envoy asks. */
export function isForwardAuth(path: string, endpoint: string): boolean {
  return path.startsWith(endpoint) && (path.length === endpoint.length || path[endpoint.length] === '/')
}

/**
 * Reads the original request: from `X-Original-Method/-URI` (nginx), from `X-Forwarded-Method/-Uri` (Traefik, Caddy) or
 * from the path behind the endpoint (Envoy's `path_prefix`). Proxies overwrite the headers of their own way and pass on
 * what clients send in the others, so two ways at once leave open which was the client's.
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
