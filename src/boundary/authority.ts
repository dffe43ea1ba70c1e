// This folder: the stage that makes one clear request out of untrusted input.

import { isIPv4, isIPv6 } from 'node:net'

// Letters, digits, dashes and underscores, as used by DNS and container networks. RFC 3986 §3.2.2 allows more characters, such as
// `,` and `;`, but the next server may treat these as the end of the name.
const hostAndPort =
  /^((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?)(?::([1-9]\d{0,4}))?$/
const literalAndPort = /^\[([0-9a-f:.]{2,45})\](?::([1-9]\d{0,4}))?$/
const maxLength = 260

let latest: { text: string; authority: string | undefined } = { text: '', authority: undefined }

/**
 * Reads `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2): a name, an IPv4 address or an IPv6 address in brackets.
 * @returns the authority in lower case; undefined for any other text, which is refused and never repaired
 */
export function readAuthority(text: string): string | undefined {
  // Caches one result, because consecutive requests usually name the same host.
  if (text !== latest.text) latest = { text, authority: read(text.toLowerCase(), text) }
  return latest.authority
}

function read(lower: string, text: string): string | undefined {
  // Refuses non-ASCII letters, including those that become ASCII in lower case, such as the Kelvin sign.
  if (text.length > maxLength || lower.length !== Buffer.byteLength(text)) return undefined
  const [, literal, literalPort] = literalAndPort.exec(lower) ?? []
  if (literal !== undefined) return isIPv6(literal) && isPort(literalPort) ? lower : undefined
  const [, name, port] = hostAndPort.exec(lower) ?? []
  return name !== undefined && isPort(port) && hasOneReading(name) ? lower : undefined
}

function isPort(port: string | undefined): boolean {
  return port === undefined || Number(port) <= 65_535
}

/** Whether all parsers read the name alike: some read `127.1` and `0x7f.1` as 127.0.0.1 (WHATWG URL, "ends in a number"), others as names. */
function hasOneReading(name: string): boolean {
  const last = name.replace(/\.$/, '').split('.').at(-1)
  return !/^(?:\d+|0x[0-9a-f]*)$/.test(String(last)) || isIPv4(name)
}
