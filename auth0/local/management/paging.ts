/** The last row of offset paging; further rows need checkpoint paging. */
export const offsetWallRows = 1000
const defaultPerPage = 50
const maxPerPage = 100

export type Page<Row> =
  | { kind: 'offset'; rows: Row[]; start: number; limit: number; total: number }
  | { kind: 'checkpoint'; rows: Row[]; next: string | undefined }
  | { kind: 'refused'; message: string }

/** `take` or `from` mean checkpoint paging, anything else offset paging (`page`, `per_page` ≤ 100). */
export function pageOf<Row>(rows: Row[], query: URLSearchParams): Page<Row> {
  if (query.has('take') || query.has('from')) return checkpointPage(rows, query)
  const start = numberOf(query, 'page', 0) * perPage(query, 'per_page')
  const limit = perPage(query, 'per_page')
  if (numberOf(query, 'per_page', 0) > maxPerPage) return refused('per_page must be 100 or less')
  if (start + limit > offsetWallRows) return refused(`You can only page through the first ${offsetWallRows} records.`)
  return { kind: 'offset', rows: rows.slice(start, start + limit), start, limit, total: rows.length }
}

function checkpointPage<Row>(rows: Row[], query: URLSearchParams): Page<Row> {
  const take = perPage(query, 'take')
  const from = query.get('from')
  const start = from === null ? 0 : decodeCheckpoint(from)
  if (start === undefined) return refused('Invalid checkpoint')
  const end = start + take
  return {
    kind: 'checkpoint',
    rows: rows.slice(start, end),
    next: end < rows.length ? encodeCheckpoint(end) : undefined,
  }
}

function refused(message: string): { kind: 'refused'; message: string } {
  return { kind: 'refused', message }
}

function perPage(query: URLSearchParams, name: string): number {
  return Math.min(Math.max(numberOf(query, name, defaultPerPage), 1), maxPerPage)
}

function numberOf(query: URLSearchParams, name: string, fallback: number): number {
  const value = Number(query.get(name) ?? fallback)
  return Number.isInteger(value) && value >= 0 ? value : fallback
}

function encodeCheckpoint(index: number): string {
  return Buffer.from(`row:${index}`).toString('base64url')
}

function decodeCheckpoint(checkpoint: string): number | undefined {
  const index = /^row:(\d+)$/.exec(Buffer.from(checkpoint, 'base64url').toString())?.[1]
  return index === undefined ? undefined : Number(index)
}
