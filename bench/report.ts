import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'

import type { Figures } from './measure.ts'

/** All runs of one case, by contestant. */
export type CaseRuns = { title: string; runs: Map<string, Figures[]> }

/** Each figure's median over the runs; even counts take the mean of the middle two. */
export function medians(runs: readonly Figures[]): Figures {
  const result: Figures = {}
  for (const name of Object.keys(runs[0] ?? {})) result[name] = median(runs.map((figures) => figures[name] ?? 0))
  return result
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

/** One Markdown table; ratios are those of the first column of figures to the first and second contestant. */
export function table({ title, runs }: CaseRuns): string {
  const rows = [...runs].map(([name, figures]) => ({ name, figures: medians(figures) }))
  const columns = Object.keys(rows[0]?.figures ?? {})
  const key = columns[0] ?? ''
  const bases = rows.slice(0, 2)
  const header = ['', ...columns, ...bases.map(({ name }) => `× ${name}`)]
  const lines = rows.map(({ name, figures }) => [
    name,
    ...columns.map((column) => format(figures[column])),
    ...bases.map((base) => format((figures[key] ?? 0) / (base.figures[key] ?? 1))),
  ])
  const all = [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
  return `### ${title}\n\n${all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

function format(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value >= 100 || value === 0) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}

/** Where and when, in one line: absolutes mean nothing without. */
export function machine(): string {
  const [cpu] = cpus()
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus().length} × ${cpu?.model}, ${memory} GiB, load average at the end ${loadavg()[1]?.toFixed(1)}`
}
