import { type CaseResult, format, markdownTable, medians, valuesOf } from './report.ts'
import { paired, type Spread, spreadOf } from './statistics.ts'

type Target = {
  promise: string
  wanted: string
  measure: (results: readonly CaseResult[]) => Spread
  isMet: (value: number) => boolean
  /** Digits and unit of the measured figure. */
  show?: (value: number) => string
}

const runsOf = (results: readonly CaseResult[], of: string, name: string) =>
  results.find((result) => result.name === of)?.rows.find((row) => row.name === name)?.runs ?? []

const figureOf = (results: readonly CaseResult[], of: string, name: string, figure: string): number[] =>
  valuesOf(runsOf(results, of, name), figure)

const ratio = (of: string, name: string, base: string, least: number, promise: string): Target => ({
  promise,
  wanted: `≥ ${least}`,
  measure: (results) => paired(figureOf(results, of, name, 'req/s'), figureOf(results, of, base, 'req/s')),
  isMet: (value) => value >= least,
})

const added = (figure: string, limitMs: number, promise: string): Target => ({
  promise,
  wanted: `< ${limitMs} ms`,
  measure: (results) =>
    paired(
      figureOf(results, 'paced', 'stagedoor', figure),
      figureOf(results, 'paced', 'undici-relay', figure),
      (value, base) => value - base,
    ),
  isMet: (value) => value < limitMs,
  show: (value) => `${value.toFixed(2)} ms`,
})

/** Memory counts only with everything open; MiB become MB. */
const memory = (of: string, figure: string, limitMb: number, promise: string): Target => ({
  promise,
  wanted: `< ${limitMb} MB`,
  measure(results) {
    const complete = runsOf(results, of, 'stagedoor').filter(({ errors }) => errors === 0)
    return spreadOf(valuesOf(complete, figure).map((mebibytes) => mebibytes * 1.048_576))
  },
  isMet: (value) => value < limitMb,
  show: (value) => `${value.toFixed(0)} MB`,
})

const overload = (figure: string, wanted: string, isMet: (value: number) => boolean, promise: string): Target => ({
  promise,
  wanted,
  measure: (results) => spreadOf(figureOf(results, 'overload', 'stagedoor', figure)),
  isMet,
})

export const targets: readonly Target[] = [
  ratio('json', 'stagedoor', 'undici-relay', 0.85, '1 KB, cookie session, × bare relay'),
  ratio('json', 'stagedoor', 'http-proxy', 1.7, '1 KB, cookie session, × bare http-proxy'),
  ratio('json', 'stagedoor-redis', 'stagedoor', 0.95, '1 KB, Redis session, × cookie session'),
  ratio('json', 'stagedoor-bearer', 'stagedoor', 0.95, '1 KB, bearer, × cookie session'),
  added('p50 ms', 0.2, 'p50 at 1,000 req/s, over the bare relay'),
  added('p99 ms', 1, 'p99 at 1,000 req/s, over the bare relay'),
  ratio('download', 'stagedoor', 'undici-relay', 0.95, '10 MB down, × bare relay'),
  ratio('upload', 'stagedoor', 'undici-relay', 0.95, '10 MB up, × bare relay'),
  memory(
    'held',
    'peak MiB over idle',
    200,
    '200 downloads of 10 MB in flight, memory over idle (a tenth of the bytes)',
  ),
  memory('streams', 'MiB over idle', 150, '5,000 open event streams, memory over idle'),
  memory('sockets', 'MiB over idle', 150, '5,000 open WebSockets, memory over idle'),
  {
    promise: 'two workers on two cores, × one on one',
    wanted: '≥ 1.8',
    measure: (results) =>
      paired(figureOf(results, 'workers', '2 workers', 'req/s'), figureOf(results, 'workers', '1 worker', 'req/s')),
    isMet: (value) => value >= 1.8,
  },
  {
    promise: 'the same at the same CPU time each (2 × requests per CPU second)',
    wanted: '≥ 1.8',
    measure: (results) =>
      paired(
        figureOf(results, 'workers', '2 workers', 'req/CPU s'),
        figureOf(results, 'workers', '1 worker', 'req/CPU s'),
        (two, one) => (2 * two) / one,
      ),
    isMet: (value) => value >= 1.8,
  },
  overload('goodput / max', '≥ 0.75', (value) => value >= 0.75, 'goodput at twice the sustainable rate, × maximum'),
  overload(
    'since sent, p99 late / early',
    '≤ 1.5',
    (value) => value <= 1.5,
    'p99 of what is served while overloaded, since sent, second half × first half',
  ),
]

export type Outcome = { promise: string; wanted: string; measured: string; verdict: 'met' | 'missed' | 'not measured' }

/** Each target of the data plane with its figure in this run; decided by the median of the rounds. */
export function outcomes(results: readonly CaseResult[]): Outcome[] {
  return targets.map(({ promise, wanted, measure, isMet, show = (value) => value.toFixed(2) }) => {
    const { min, median, max } = measure(results)
    if (!Number.isFinite(median)) return { promise, wanted, measured: '–', verdict: 'not measured' }
    const measured = min === max ? show(median) : `${show(median)} (${show(min)} to ${show(max)})`
    return { promise, wanted, measured, verdict: isMet(median) ? 'met' : 'missed' }
  })
}

export function targetSection(results: readonly CaseResult[]): string {
  const lines = outcomes(results).map(({ promise, wanted, measured, verdict }) => [promise, wanted, measured, verdict])
  const table = markdownTable(['', 'wanted', 'measured: median (min to max of the rounds)', ''], lines)
  return `### Targets\n\n${table}\n\n${cpuSentence(results)}`
}

/** On a core of its own a saturated process is as fast as its CPU time is short; a busy machine disturbs that figure least. */
function cpuSentence(results: readonly CaseResult[]): string {
  const rows = results.find(({ name }) => name === 'json')?.rows ?? []
  const each = rows.map(({ name, runs }) => `${name} ${format(medians(runs)['CPU µs/req'])}`)
  return each.length === 0 ? '' : `CPU µs per 1 KB request: ${each.join(', ')}.\n`
}
