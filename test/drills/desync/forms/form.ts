/** A request that two parsers have once read differently. It is sent unchanged and ends with its last byte. */
export type Form = {
  what: string
  bytes: (path: string) => string
  /**
   * `refused`: nothing may reach the upstream. `broken-off`: the head may, since bodies are streamed, but no complete request.
   * `pass`: exactly one request must. Undefined: at most one request may.
   */
  must?: 'refused' | 'broken-off' | 'pass'
}

export const smuggled = 'GET /secret/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
/** A complete chunked body. */
export const chunks = '5\r\nhello\r\n0\r\n\r\n'
export const h2c = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings']

export const post =
  (fields: string[], body: string) =>
  (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`

export const get =
  (...fields: string[]) =>
  (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`

export const refused = (what: string, bytes: Form['bytes']): Form => ({ what, bytes, must: 'refused' })
export const brokenOff = (what: string, bytes: Form['bytes']): Form => ({ what, bytes, must: 'broken-off' })
export const either = (what: string, bytes: Form['bytes']): Form => ({ what, bytes })
