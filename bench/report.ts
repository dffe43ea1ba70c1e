import { median } from './statistics.ts'

/** Figures of one run; each column of a table is one of these. */
export type Figures = Record<string, number>

/** All runs of one contestant in one case. */
export type Row = {
  name: string
  runs: Figures[]
  /** Why there are no more runs. */
  failure?: string
}

export type CaseResult = {
  name: string
  title: string
  /** The figure whose ratio to the bases is shown; none where a ratio says nothing. */
  ratioOf?: string
  /** A line for each figure and a column for each contestant, where figures are many. */
  isTall?: true
  rows: Row[]
  /** What a reader has to know to judge the figures. */
  notes?: readonly string[]
}

/** Whom ratios are against, where they took part. */
export const bases = ['undici-relay', 'http-proxy'] as const

/** Each figure's median over the runs. */
export function medians(runs: readonly Figures[]): Figures {
  const result: Figures = {}
  for (const name of Object.keys(runs[0] ?? {})) result[name] = median(valuesOf(runs, name))
  return result
}

/** One figure in every run that has it. */
export function valuesOf(runs: readonly Figures[], name: string): number[] {
  return runs.map((figures) => figures[name]).filter((value) => value !== undefined)
}

/** One Markdown section of a title, a table of medians and the notes. */
export function section({ title, rows, ratioOf, isTall, notes = [] }: CaseResult): string {
  const shown = rows.map((row) => ({ ...row, figures: medians(row.runs) }))
  const columns = [...new Set(shown.flatMap(({ figures }) => Object.keys(figures)))]
  const against = ratioOf === undefined ? [] : bases.filter((base) => shown.some(({ name }) => name === base))
  const hasFailures = rows.some(({ failure }) => failure !== undefined)
  const header = ['', ...columns, ...against.map((base) => `× ${base}`), ...(hasFailures ? ['failure'] : [])]
  const lines = shown.map(({ name, figures, failure }) => {
    const ratios = against.map((base) => {
      const baseFigures = shown.find((other) => other.name === base)?.figures
      return format((figures[ratioOf ?? ''] ?? Number.NaN) / (baseFigures?.[ratioOf ?? ''] ?? Number.NaN))
    })
    const cells = [name, ...columns.map((column) => format(figures[column])), ...ratios]
    return hasFailures ? [...cells, failure ?? ''] : cells
  })
  const [first = [], ...rest] = isTall ? transposed([header, ...lines]) : [header, ...lines]
  const heading = `### ${title}\n\n${markdownTable(first, rest)}\n`
  return notes.length === 0 ? heading : `${heading}\n${notes.join('\n')}\n`
}

const transposed = (cells: readonly (readonly string[])[]): string[][] =>
  (cells[0] ?? []).map((_, column) => cells.map((line) => line[column] ?? ''))

/** The first column is text, the others are numbers. */
export function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
  return all.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`).join('\n')
}

/** Three digits that matter; a dash for what was not measured. */
export function format(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100 || value === 0) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
