import type { AuditRecord } from './record-schema.ts'
import { changeText } from './record.ts'

type Column = [name: string, valueOf: (record: AuditRecord) => string | number | undefined]

const own = (...names: (keyof AuditRecord)[]): Column[] =>
  names.map((name) => [name, (record) => record[name] as string | number | undefined])

const ofPrincipal = (...names: (keyof NonNullable<AuditRecord['principal']>)[]): Column[] =>
  names.map((name) => [name, ({ principal }) => principal?.[name] as string | undefined])

const columns: readonly Column[] = [
  ...own('time', 'event', 'phase', 'class', 'outcome', 'reason'),
  ...ofPrincipal('kind', 'subject', 'name', 'client', 'organization'),
  ['roles', ({ principal }) => principal?.roles?.join(' ')],
  ...ofPrincipal('session'),
  ...own('client_ip', 'method', 'host', 'path', 'rule', 'upstream', 'status', 'duration_ms', 'channel'),
  ['target', ({ target }) => target && JSON.stringify(target)],
  ['change', ({ change }) => change && changeText(change)],
  ...own('request_id', 'trace_id', 'writer', 'seq', 'hash'),
]

/** The header line. Lines end with CRLF (RFC 4180). */
export const csvHead = `${columns.map(([name]) => name).join(',')}\r\n`

export function csvLine(record: AuditRecord): string {
  return `${columns.map(([, valueOf]) => field(valueOf(record))).join(',')}\r\n`
}

/** Prefixes a text that a spreadsheet would evaluate as a formula with a quote (OWASP, CSV Injection). */
function field(value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
