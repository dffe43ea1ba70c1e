/** Reads the gateway's requests to an upstream more strictly than any server (RFC 9112): one reading, or an error. */
export type ReadRequest = { method: string; target: string; fields: [name: string, value: string][]; isWhole: boolean }

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[\x21-\x7e]*) HTTP\/1\.1$/
// One space after the colon and none at the end: our requests have one spelling.
const fieldLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

/** @throws Error for bytes that two servers could read differently */
export function readRequests(bytes: string): ReadRequest[] {
  const requests: ReadRequest[] = []
  let at = 0
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) return requests
    const head = readHead(bytes.slice(at, end))
    // A connection that became a tunnel carries no more requests.
    if (isTunnel(head)) return [...requests, { ...head, isWhole: true }]
    const bodyEnd = endOfBody(bytes, end + 4, head.fields)
    requests.push({ ...head, isWhole: bodyEnd !== undefined })
    if (bodyEnd === undefined) return requests
    at = bodyEnd
  }
  return requests
}

function readHead(head: string): Omit<ReadRequest, 'isWhole'> {
  const [first = '', ...lines] = head.split('\r\n')
  const [, method = '', target = ''] = requestLine.exec(first) ?? fail('request line', first)
  const fields = lines.map((line): [string, string] => {
    const [, name = '', value = ''] = fieldLine.exec(line) ?? fail('field line', line)
    return [name.toLowerCase(), value]
  })
  if (valuesOf(fields, 'host').length !== 1) fail('not one Host', head)
  if (valuesOf(fields, 'http2-settings').length > 0) fail('an upgrade to HTTP/2', head)
  return { method, target, fields }
}

function isTunnel({ fields }: Pick<ReadRequest, 'fields'>): boolean {
  const protocols = valuesOf(fields, 'upgrade')
  if (protocols.length === 0) return false
  if (protocols.length > 1 || !/^websocket$/i.test(protocols[0] ?? '')) fail('upgrade', protocols.join('|'))
  return true
}

/** @returns the end of the body; undefined if the connection ended before it */
function endOfBody(bytes: string, start: number, fields: ReadRequest['fields']): number | undefined {
  const lengths = valuesOf(fields, 'content-length')
  const codings = valuesOf(fields, 'transfer-encoding')
  if (lengths.length + codings.length > 1) fail('two framings', [...lengths, ...codings].join('|'))
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') fail('transfer coding', codings[0] ?? '')
    return endOfChunks(bytes, start)
  }
  const length = lengths[0] ?? '0'
  if (!/^\d{1,15}$/.test(length)) fail('length', length)
  const end = start + Number(length)
  return end <= bytes.length ? end : undefined
}

function endOfChunks(bytes: string, start: number): number | undefined {
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = bytes.slice(at, lineEnd)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) fail('chunk size', size)
    const end = lineEnd + 2 + Number.parseInt(size, 16)
    if (end + 2 > bytes.length) return undefined
    // Trailers are not forwarded: an empty line follows the last chunk.
    if (bytes.slice(end, end + 2) !== '\r\n') fail('end of chunk', bytes.slice(end, end + 20))
    at = end + 2
    if (Number.parseInt(size, 16) === 0) return at
  }
}

function valuesOf(fields: ReadRequest['fields'], name: string): string[] {
  return fields.filter(([known]) => known === name).map(([, value]) => value)
}

function fail(what: string, bytes: string): never {
  throw new Error(`${what}: ${JSON.stringify(bytes.slice(0, 300))}`)
}
