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
