import { z } from 'zod'

import { refuse } from './refuse.ts'

const webProtocols = ['http:', 'https:']
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** Whether a URL's host is this machine; names under `.localhost` are by definition (RFC 6761 §6.3). */
export function isLoopback(url: URL): boolean {
  return loopbackHosts.includes(url.hostname) || url.hostname.endsWith('.localhost')
}

function hasOnlyAnOrigin(url: URL): boolean {
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
}

/** Reads an absolute http or https URL; undefined when it is none. */
export function parseWebUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && webProtocols.includes(url.protocol) ? url : undefined
}

type OriginOptions = { example: string; httpsUnlessLoopback: boolean }

const shape = 'an http:// or https:// URL without path, query, user or password'

/** An http(s) URL of scheme, host and port only, given back as its origin: `https://portal.example.com`. */
export function origin(options: OriginOptions) {
  return z.string(shape).transform((text, context): string => readOrigin(text, context, options))
}

/** The same for text that may be something else too. */
export function readOrigin(
  text: string,
  context: z.RefinementCtx,
  { example, httpsUnlessLoopback }: OriginOptions,
): string {
  const url = parseWebUrl(text)
  if (url === undefined) return refuse(context, shape, `write for example ${example}`)
  if (!hasOnlyAnOrigin(url)) return refuse(context, shape, `write ${url.origin}`)
  if (httpsUnlessLoopback && url.protocol === 'http:' && !isLoopback(url)) {
    return refuse(
      context,
      'https',
      `write https://${url.host}; plain http is for localhost only: it shows every cookie to the network`,
    )
  }
  return url.origin
}

const socketShape = 'unix: and the absolute path of a socket'

/** Where an upstream answers: an http(s) origin, or `unix:/path` for a socket on this machine. */
export function upstreamUrl() {
  const example = 'http://127.0.0.1:7007'
  return z
    .string('an http:// or https:// URL without path, query, user or password, or unix:/path')
    .transform((text, context): string => {
      if (!text.startsWith('unix:')) return readOrigin(text, context, { example, httpsUnlessLoopback: false })
      if (/^unix:\/(?!\/)[^\0?#]+$/.test(text)) return text
      return refuse(context, socketShape, 'write for example unix:/run/backstage/http.sock')
    })
}
