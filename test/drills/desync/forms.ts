import { chunking } from './forms/chunks.ts'
import { connections } from './forms/connections.ts'
import { fields, hosts } from './forms/fields.ts'
import { chunks, type Form, get, post } from './forms/form.ts'
import { lengthsAndCodings } from './forms/lengths-and-codings.ts'
import { requestLines } from './forms/request-lines.ts'

const plain: Form[] = [
  { what: 'a plain request', bytes: get(), must: 'pass' },
  { what: 'a body with a length', bytes: post(['Content-Length: 5'], 'hello'), must: 'pass' },
  { what: 'a body in chunks', bytes: post(['Transfer-Encoding: chunked'], chunks), must: 'pass' },
]

export const forms: readonly Form[] = [
  ...plain,
  ...lengthsAndCodings,
  ...chunking,
  ...fields,
  ...hosts,
  ...requestLines,
  ...connections,
]
