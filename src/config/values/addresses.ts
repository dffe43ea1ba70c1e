// This folder: the kinds of values that options have, such as addresses, durations and secrets.

import { isIP, SocketAddress } from 'node:net'

import { z } from 'zod'

import { refuse } from './quantities.ts'

const networkShape = 'a network in CIDR form'

/** Whether text is an IPv4 or IPv6 network in CIDR form (RFC 4632, RFC 4291 §2.3). */
export function isNetwork(text: string): boolean {
  const [, address, bits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  if (address === undefined || bits === undefined) return false
  const version = isIP(address)
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128) && !isMapped(address)
}

/** Whether an address is IPv4 in IPv6 notation. The /8 of `::ffff:10.0.0.0/8` counts from the start of 128 bits: it covers all of IPv4. */
function isMapped(address: string): boolean {
  return isIP(address) === 6 && new SocketAddress({ address, family: 'ipv6' }).address.startsWith('::ffff:')
}

/** Networks, separated by commas, so that one variable can name several. `unix` stands for all clients of a Unix socket. */
export function networks() {
  return z.string(networkShape).transform((text, context): string[] => {
    const names = text.split(',').map((name) => name.trim())
    return names.every((name) => name === 'unix' || isNetwork(name))
      ? names
      : refuse(context, networkShape, 'write for example 10.0.0.0/8, or 192.0.2.7/32 for one address')
  })
}

const webProtocols = ['http:', 'https:']
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** Whether a URL's host is this machine. Names under `.localhost` always are (RFC 6761 §6.3). */
export function isLoopback(url: URL): boolean {
  return loopbackHosts.includes(url.hostname) || url.hostname.endsWith('.localhost')
}

function hasOnlyAnOrigin(url: URL): boolean {
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
}

/** The host name or address of a URL; an IPv6 address has no brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** The URL with a slash at its end, as in Auth0's issuer. */
export function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}

/** Parses an absolute http or https URL; undefined for any other text. */
export function parseWebUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && webProtocols.includes(url.protocol) ? url : undefined
}

const webShape = 'an http or https URL, without user and password'

/** An http(s) URL that we send requests to. @param fixCredentials what to do with a user and password, which `fetch` refuses in a URL */
export function webUrl(fixCredentials: string) {
  return z
    .url({ protocol: /^https?$/, error: webShape })
    .refine((text) => !hasCredentials(URL.parse(text)), { message: webShape, params: { fix: fixCredentials } })
}

function hasCredentials(url: URL | null): boolean {
  return url !== null && (url.username !== '' || url.password !== '')
}

const protectedShape = 'an https:// URL'

/**
 * The URL of an issuer. It is kept as written, because tokens must contain exactly the same text.
 * @param forged what others could forge over plain http
 */
export function issuerUrl(example: string, forged: string) {
  return z.string(protectedShape).transform((text, context): string => {
    const url = parseWebUrl(text)
    if (url === undefined) return refuse(context, protectedShape, `write for example ${example}`)
    if (hasCredentials(url)) return refuse(context, 'an https:// URL, without user and password', 'remove them')
    if (url.protocol === 'https:' || isLoopback(url)) return text
    const fix = `plain http is for localhost only: on any other network an attacker can forge ${forged}`
    return refuse(context, protectedShape, fix)
  })
}

type OriginOptions = { example: string; httpsUnlessLoopback: boolean }

const originShape = 'an http:// or https:// URL without path, query, user or password'

/** An http(s) URL with only scheme, host and port. The result is its origin: `https://portal.example.com`. */
export function origin(options: OriginOptions) {
  return z.string(originShape).transform((text, context): string => readOrigin(text, context, options))
}

function readOrigin(text: string, context: z.RefinementCtx, { example, httpsUnlessLoopback }: OriginOptions): string {
  const url = parseWebUrl(text)
  if (url === undefined || url.hostname.includes('*')) {
    return refuse(context, originShape, `write for example ${example}`)
  }
  if (!hasOnlyAnOrigin(url)) return refuse(context, originShape, `write ${url.origin}`)
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

/** The address of an upstream: an http(s) origin, or `unix:/path` for a socket on this machine. */
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

type Refusal = [expected: string, fix: string]

const redisShape = 'redis://user:password@host:port/number, or rediss:// for TLS'
const encode =
  'percent-encode / # ? @ and % in user and password (%2F %23 %3F %40 %25), or write the password as session.redis.password'

/**
 * Describes the problem of a Redis URL without showing the URL, which may contain a password. In a password that is not encoded,
 * `/`, `#` and `?` would end the host part, and a part of the password would be used as the host.
 */
export function refusalOfRedisUrl(text: string): Refusal | undefined {
  if (!/^rediss?:\/\//.test(text)) return [redisShape, 'write for example redis://redis:6379']
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || /\s/.test(text)) return [redisShape, encode]
  if (text.split('@').length > 2 || text.includes('#') || !isEncoded(url)) return [redisShape, encode]
  if (url.pathname.includes('@') || url.search.includes('@')) return [redisShape, encode]
  if (url.search !== '')
    return ['no query', 'remove the question mark and all after it; write options beside url in session.redis']
  if (!/^\/?\d{0,9}$/.test(url.pathname))
    return ['a database number behind the slash', 'write for example redis://redis:6379/2']
  return undefined
}

function isEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}
