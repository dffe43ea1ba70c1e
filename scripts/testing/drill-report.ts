import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

/** The result of one drill, as `test/drills/support.ts` writes it. */
export type DrillRow = { drill: string } & Record<Column, number>

const columns = ['inputs', 'faults', 'requests', 'failures', 'leaks', 'lost', 'resurrected'] as const
type Column = (typeof columns)[number]

/** The report as Markdown: a line for each drill and one for all. */
export const drillTable = (rows: readonly DrillRow[]): string => {
  const line = (name: string, of: (column: Column) => number): string =>
    `| ${[name, ...columns.map((column) => of(column).toLocaleString('en'))].join(' | ')} |`
  const sum = (column: Column): number => rows.reduce((total, row) => total + row[column], 0)
  return [
    '| drill | inputs tried | faults injected | requests | failures | leaks | sessions lost | sessions back |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.toSorted((a, b) => a.drill.localeCompare(b.drill)).map((row) => line(row.drill, (column) => row[column])),
    line('**all**', sum),
  ].join('\n')
}

/** On what it was tried. */
export const machineLine = (): string => {
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${gibibytes} GiB, ${type()} ${release()}, Node ${process.version}`
}
