import { pageOf } from './paging.ts'

export type Answer = { status: number; body: unknown }
export type Call = { query: URLSearchParams; body: unknown; scopes: string[]; parameters: string[] }
export type Resource = {
  method: 'GET' | 'PATCH' | 'POST' | 'DELETE'
  /** Path below /api/v2/; `*` stands for one segment, given decoded in `parameters`. */
  path: string
  scopes: string[]
  answer: (call: Call) => Answer
}

export const notFound = (message: string): Answer => problem(404, 'Not Found', message)
export const ok = (body: unknown): Answer => ({ status: 200, body })

export function problem(statusCode: number, error: string, message: string): Answer {
  return { status: statusCode, body: { statusCode, error, message } }
}

export function list<Row>(rows: Row[], { query }: Call, name: string, shape: (row: Row) => unknown): Answer {
  const page = pageOf(rows, query)
  if (page.kind === 'refused') return problem(400, 'Bad Request', page.message)
  const shaped = page.rows.map(shape)
  if (page.kind === 'checkpoint') return ok({ [name]: shaped, ...(page.next === undefined ? {} : { next: page.next }) })
  if (query.get('include_totals') !== 'true') return ok(shaped)
  return ok({ [name]: shaped, start: page.start, limit: page.limit, length: shaped.length, total: page.total })
}

export function read(path: string, scopes: string[], answer: (call: Call) => Answer): Resource {
  return { method: 'GET', path, scopes, answer }
}

export function change(
  method: 'PATCH' | 'POST' | 'DELETE',
  path: string,
  scope: string,
  answer: Resource['answer'],
): Resource {
  return { method, path, scopes: [scope], answer }
}

/** Members of an object body; Auth0 refuses unknown ones. */
export function bodyOf({ body }: Call, known: readonly string[]): Record<string, unknown> | Answer {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return problem(400, 'Bad Request', 'Payload validation error: an object is expected')
  }
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown === undefined) return body as Record<string, unknown>
  return problem(400, 'Bad Request', `Payload validation error: 'Additional properties not allowed: ${unknown}'`)
}

export function isAnswer(value: Record<string, unknown> | Answer): value is Answer {
  return typeof value.status === 'number'
}
