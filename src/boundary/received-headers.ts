import type { IncomingHttpHeaders } from 'node:http'

import { foldedName } from '../headers/removed-headers.ts'

// A second one of these is dropped by one parser and honoured by another (RFC 9110 §5.3, RFC 9112 §3.2).
const singletons = new Set(['host', 'content-length', 'authorization', 'content-type', 'transfer-encoding', 'upgrade'])

/** A length that a program counting in doubles, as many do, would read as another number. */
export function hasUncountableLength(contentLength: string | undefined): boolean {
  return contentLength !== undefined && !Number.isSafeInteger(Number(contentLength))
}

/**
 * A body whose end two servers could find in different places: any coding but `chunked`, since Node accepts one before `chunked` and
 * the upstream would not see it; and chunks in HTTP/1.0, which has no chunks (RFC 9112 §6.1).
 */
export function hasUnclearCoding(transferEncoding: string | undefined, httpVersion: string): boolean {
  if (transferEncoding === undefined) return false
  return transferEncoding.toLowerCase() !== 'chunked' || httpVersion === '1.0'
}

/**
 * The name of a header that came twice although it may come only once.
 * @param rawHeaders flat list of names and values, as node:http keeps them
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

/** Headers in which frameworks take another method than that of the request line (Rack, Symfony, ASP.NET, OData). */
const methodOverrides = new Set(['x-http-method-override', 'x-http-method', 'x-method-override'])

/**
 * The name of a header that names another method: rules decide by the method of the request line, and the upstream might act on the
 * other one.
 * @param headers names in lower case
 */
export function methodOverride(headers: IncomingHttpHeaders): string | undefined {
  for (const name in headers) {
    if (name.includes('method') && methodOverrides.has(foldedName(name))) return foldedName(name)
  }
  return undefined
}
