import { csvHead, csvLine } from '../../audit/csv.ts'
import { fits, type RecordFilter } from '../../audit/filter.ts'
import { recordIn } from '../../audit/lines.ts'
import type { AuditRecord } from '../../audit/record-schema.ts'
import { changeText } from '../../audit/record.ts'
import { linesOf } from '../../audit/trail-files.ts'
import type { CommandContext } from '../command-context.ts'
import { printable } from '../terminal-text.ts'

export type Format = 'text' | 'jsonl' | 'csv'

/** Prints the matching records, oldest first. Returns the exit code: 1 when none matches, like grep. */
export async function searchTrail(
  files: readonly string[],
  filter: RecordFilter,
  format: Format,
  { out }: CommandContext,
): Promise<number> {
  const seen = new Set<string>()
  if (format === 'csv') out(csvHead)
  for await (const { line } of linesOf(files)) {
    const record = recordIn(line)
    if (record === undefined || !fits(record, filter) || seen.has(record.hash)) continue
    seen.add(record.hash)
    out(written(record, format))
  }
  return seen.size === 0 ? 1 : 0
}

/** Prints the last records. Returns the exit code. */
export async function printTail(files: readonly string[], count: number, { out }: CommandContext): Promise<number> {
  const last: AuditRecord[] = []
  for await (const { line } of linesOf(files)) {
    const record = recordIn(line)
    if (record === undefined) continue
    last.push(record)
    if (last.length > count) last.shift()
  }
  for (const record of last) out(written(record, 'text'))
  return 0
}

function written(record: AuditRecord, format: Format): string {
  if (format === 'csv') return csvLine(record)
  return format === 'jsonl' ? `${JSON.stringify(record)}\n` : `${asText(record)}\n`
}

/** Formats a record as one line of text. */
function asText(record: AuditRecord): string {
  const { time, event, phase, outcome, reason, principal, method, path, status, channel, target, change } = record
  const who = principal && [principal.name, principal.subject ?? principal.kind].filter(Boolean).join(' = ')
  const what = method === undefined ? undefined : `${method} ${path}`
  const done = change && changeText(change)
  const whose = target && JSON.stringify(target)
  const parts = [time, event, record.class, phase, who, what, status, outcome, reason, channel, whose, done]
  return printable(parts.filter((part) => part !== undefined).join('  '))
}
