import type { IncomingHttpHeaders } from 'node:http'

import { foldedName } from '../headers/removed-headers.ts'

// If one of these headers is repeated, some parsers use the first value and others the last (RFC 9110 §5.3, RFC 9112 §3.2).
const singletons = new Set(['host', 'content-length', 'authorization', 'content-type', 'transfer-encoding', 'upgrade'])

/** Whether `Content-Length` is not a safe integer. Programs that use doubles would read a different number. */
export function hasUncountableLength(contentLength: string | undefined): boolean {
  return contentLength !== undefined && !Number.isSafeInteger(Number(contentLength))
}

/**
 * Whether two servers could disagree about the end of the body. This is so for any coding other than plain `chunked`: Node accepts
 * another coding before `chunked`, and the upstream would not see it. It is also so for chunks in HTTP/1.0, which has none (RFC 9112 §6.1).
 */
export function hasUnclearCoding(transferEncoding: string | undefined, httpVersion: string): boolean {
  if (transferEncoding === undefined) return false
  return transferEncoding.toLowerCase() !== 'chunked' || httpVersion === '1.0'
}

/**
 * The name of the first header that is repeated although it must be unique; undefined if there is none.
 * @param rawHeaders flat list of names and values, as in node:http
 */
export function repeatedSingleton(rawHeaders: readonly string[]): string | undefined {
  let seen = ''
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    if (!singletons.has(name)) continue
    if (seen.includes(`${name},`)) return name
    seen += `${name},`
  }
  return undefined
}

/** Headers with which frameworks override the method of the request line (Rack, Symfony, ASP.NET, OData). */
const methodOverrides = new Set(['x-http-method-override', 'x-http-method', 'x-method-override'])

/**
 * The name of a header that overrides the method. Such a request is refused: rules match the method of the request line, but the
 * upstream might use the other one.
 * @param headers names in lower case
 */
export function methodOverride(headers: IncomingHttpHeaders): string | undefined {
  for (const name in headers) {
    if (name.includes('method') && methodOverrides.has(foldedName(name))) return foldedName(name)
  }
  return undefined
}
