import type { Case, FanOutCase, LoadCase, PacedCase } from '../cases.ts'
import {
  type CandidateOptions,
  type Contestant,
  inCarryingCases,
  inSmallCases,
  type OriginKind,
  type Origins,
  peersOf,
  startCandidate,
} from '../contestants.ts'
import type { Options } from '../options.ts'
import type { CaseResult, Figures, Row } from '../report.ts'
import { attempt, interleave } from '../rounds.ts'
import { measureFanOut } from './fan-out.ts'
import { measureOverload } from './overload.ts'
import { measureLoad, measurePaced } from './requests.ts'
import { measureWorkers } from './workers.ts'

/** Less, and the optimizing compiler is what is measured. */
const warmUpSeconds = 2

/** One case, with candidates that were started for it alone. */
export async function measureCase(each: Case, options: Options, origins: Origins): Promise<CaseResult> {
  const rounds = options.rounds ?? (each.isCentral ? 5 : 3)
  if (each.kind === 'workers') return measureWorkers(each, { origins, rounds, seconds: options.seconds })
  if (each.kind === 'overload') return measureOverload(each, options, origins)
  if (each.kind === 'fan-out') return measureOpen(each, options, origins)
  return measureRequests(each, { options, origins, rounds })
}

async function measureRequests(
  each: LoadCase | PacedCase,
  { options, origins, rounds }: { options: Options; origins: Origins; rounds: number },
): Promise<CaseResult> {
  const kind: OriginKind = each.kind === 'load' ? each.origin : 'static'
  const names = each.isCentral ? inSmallCases(options) : inCarryingCases(options)
  const { folder } = origins
  const warmUpLoad = each.kind === 'load' ? each.load : { connections: 10 }
  const measure = (contestant: Contestant): Promise<Figures> =>
    each.kind === 'load'
      ? measureLoad(each, contestant, { seconds: options.seconds, folder })
      : measurePaced(each, contestant, { seconds: options.seconds, folder })

  const rows = await withContestants(names, options, { origins, kind }, async (entrants) => {
    for (const { row, entrant } of entrants) {
      await attempt(row, () =>
        measureLoad({ path: each.path, load: warmUpLoad }, entrant, { seconds: warmUpSeconds, folder }),
      )
    }
    await interleave(entrants, rounds, measure)
  })
  return { name: each.name, title: each.title, rows, ratioOf: each.kind === 'load' ? 'req/s' : 'p50 ms' }
}

/** Once, with a process that has done nothing before: memory over idle is what is asked for. */
async function measureOpen(each: FanOutCase, options: Options, origins: Origins): Promise<CaseResult> {
  const kind: OriginKind = each.stream === 'download' ? 'static' : 'dynamic'
  const open = each.open ?? options.open
  const rows = await withContestants(inCarryingCases(options), options, { origins, kind }, (entrants) =>
    interleave(entrants, 1, (contestant) =>
      measureFanOut(each, contestant, { open, seconds: options.seconds, originUrl: origins.dynamic }),
    ),
  )
  const title = each.open === undefined ? `${open.toLocaleString('en')} ${each.title}` : each.title
  return { name: each.name, title, rows, ratioOf: 'MiB over idle' }
}

type Entrant = { row: Row; entrant: Contestant }

/** Starts candidates and peers, has them measured and ends what was started; who does not start says so in its row. */
async function withContestants(
  names: readonly string[],
  options: Options,
  where: Pick<CandidateOptions, 'origins' | 'kind'>,
  measure: (entrants: readonly Entrant[]) => Promise<void>,
): Promise<Row[]> {
  const rows: Row[] = names.map((name) => ({ name, runs: [] }))
  const entrants: Entrant[] = []
  for (const row of rows) {
    const entrant = await attempt(row, () => startCandidate(row.name, { ...where, isProfiled: options.isProfiled }))
    if (entrant !== undefined) entrants.push({ row, entrant })
  }
  for (const entrant of peersOf(options)) {
    const row = { name: entrant.name, runs: [] }
    rows.push(row)
    entrants.push({ row, entrant })
  }
  try {
    await measure(entrants)
  } finally {
    for (const { entrant } of entrants) await entrant.running?.stop()
  }
  return rows
}
