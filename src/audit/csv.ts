import type { AuditRecord } from './record.ts'

type Column = [name: string, valueOf: (record: AuditRecord) => string | number | undefined]

const columns: readonly Column[] = [
  ['time', ({ time }) => time],
  ['event', ({ event }) => event],
  ['phase', ({ phase }) => phase],
  ['class', (record) => record.class],
  ['outcome', ({ outcome }) => outcome],
  ['reason', ({ reason }) => reason],
  ['kind', ({ principal }) => principal?.kind],
  ['subject', ({ principal }) => principal?.subject],
  ['name', ({ principal }) => principal?.name],
  ['client', ({ principal }) => principal?.client],
  ['organization', ({ principal }) => principal?.organization],
  ['roles', ({ principal }) => principal?.roles?.join(' ')],
  ['session', ({ principal }) => principal?.session],
  ['client_ip', (record) => record.client_ip],
  ['method', ({ method }) => method],
  ['host', ({ host }) => host],
  ['path', ({ path }) => path],
  ['rule', ({ rule }) => rule],
  ['upstream', ({ upstream }) => upstream],
  ['status', ({ status }) => status],
  ['duration_ms', (record) => record.duration_ms],
  ['channel', ({ channel }) => channel],
  ['target', ({ target }) => target && JSON.stringify(target)],
  ['change', ({ change }) => change && `${change.what} ${change.action} ${change.id ?? ''}`.trim()],
  ['request_id', (record) => record.request_id],
  ['trace_id', (record) => record.trace_id],
  ['writer', ({ writer }) => writer],
  ['seq', ({ seq }) => seq],
  ['hash', ({ hash }) => hash],
]

/** The first line. RFC 4180, so that lines end with CRLF. */
export const csvHead = `${columns.map(([name]) => name).join(',')}\r\n`

export function csvLine(record: AuditRecord): string {
  return `${columns.map(([, valueOf]) => field(valueOf(record))).join(',')}\r\n`
}

/** A text that a spreadsheet would take for a formula gets a quote before it (OWASP, CSV Injection). */
function field(value: string | number | undefined): string {
  if (value === undefined) return ''
  const text = String(value)
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
