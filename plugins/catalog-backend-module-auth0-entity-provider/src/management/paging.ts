import { z } from 'zod/v4'

import type { ManagementClient } from './client.ts'
import { userRow, type Auth0User } from './rows.ts'

/** The most rows of one answer. */
const perPage = 100
/** Offset paging ends at 1,000 rows. */
const maxOffsetPages = 10

const checkpoint = z.looseObject({ next: z.string().min(1).nullish() })

/** All pages of a list with checkpoint paging (`take`, `from` → `next`), which has no end but the list's. */
export async function* checkpointPages<Row>(
  client: ManagementClient,
  path: string,
  name: string,
  row: z.ZodType<Row>,
): AsyncGenerator<Row[]> {
  let from: string | undefined
  do {
    const body = await client.get(path, { take: String(perPage), ...(from !== undefined && { from }) })
    yield rowsIn(body, name, row)
    from = Array.isArray(body) ? undefined : (checkpoint.parse(body).next ?? undefined)
  } while (from !== undefined)
}

/**
 * All pages of a list that has offset paging only.
 *
 * @throws RangeError where it has more than 1,000 rows: what lies beyond cannot be read, and is not to be taken for gone
 */
export async function* offsetPages<Row>(
  client: ManagementClient,
  path: string,
  name: string,
  row: z.ZodType<Row>,
): AsyncGenerator<Row[]> {
  for (let page = 0; page < maxOffsetPages; page += 1) {
    const body = await client.get(path, { page: String(page), per_page: String(perPage) })
    const rows = rowsIn(body, name, row)
    yield rows
    if (rows.length < perPage) return
  }
  throw new RangeError(`/api/v2/${path} has more than ${perPage * maxOffsetPages} rows, which Auth0 does not show`)
}

export type UserQuery = { query: string | undefined; fields: readonly string[] }

/**
 * All users that match, oldest first. `GET /users` has offset paging only, so each page asks anew for who was created
 * at or after the last one seen: no wall at 1,000 rows, and nobody is skipped when somebody before them is deleted.
 *
 * @throws RangeError where more than 1,000 users were created in the same millisecond
 */
export async function* usersByCreation(
  client: ManagementClient,
  { query, fields }: UserQuery,
): AsyncGenerator<Auth0User[]> {
  let from = '*'
  let page = 0
  let seen = new Set<string>()
  for (;;) {
    const rows = await searchUsers(client, allOf(`created_at:[${from} TO *]`, query), fields, page)
    const before = seen
    yield rows.filter(({ user_id: id }) => !before.has(id))
    const last = rows.at(-1)
    if (last === undefined || rows.length < perPage) return
    if (last.created_at === from) page += 1
    else [from, page, seen] = [last.created_at, 0, new Set()]
    if (page >= maxOffsetPages) throw new RangeError(`more than 1,000 users were created at ${from}`)
    for (const { user_id: id, created_at: at } of rows) if (at === from) seen.add(id)
  }
}

/** Whether a user that exists also matches a query (Lucene syntax). */
export async function matchesQuery(client: ManagementClient, userId: string, query: string): Promise<boolean> {
  const rows = await searchUsers(client, allOf(`user_id:${quoted(userId)}`, query), ['user_id', 'created_at'], 0)
  return rows.some(({ user_id: id }) => id === userId)
}

/** A phrase of Auth0's query syntax. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
}

/** Both queries, where there are two. */
export function allOf(...queries: (string | undefined)[]): string {
  const [first, ...others] = queries.filter((query) => query !== undefined)
  return [first, ...others.map((query) => `(${query})`)].join(' AND ')
}

async function searchUsers(client: ManagementClient, q: string, fields: readonly string[], page: number) {
  const body = await client.get('users', {
    q,
    search_engine: 'v3',
    sort: 'created_at:1',
    per_page: String(perPage),
    page: String(page),
    fields: fields.join(','),
    include_fields: 'true',
  })
  return rowsIn(body, 'users', userRow)
}

/** The rows of an answer: the whole of it, or a member where it also tells totals or a checkpoint. */
function rowsIn<Row>(body: unknown, name: string, row: z.ZodType<Row>): Row[] {
  const list = Array.isArray(body) ? body : z.looseObject({ [name]: z.unknown() }).parse(body)[name]
  return z.array(row).parse(list)
}
