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
import { measureLoad, measurePaced, type RunOptions } from './requests.ts'
import { measureWorkers } from './workers.ts'

/** A contestant that has not been started yet. */
export type Start = { name: string; start: () => Promise<Contestant> }

/**
 * V8 optimizes what has been called often, so that warming up takes requests, not time: with fewer than these, more than
 * what is measured afterwards is compiling, the more code a candidate has. Large bodies are moved by code that is not V8's.
 */
const warmUpRequests = 30_000
const warmUpSeconds = 2
const maxWarmUps = 8

/** One case, with candidates that were started for it alone. */
export async function measureCase(each: Case, options: Options, origins: Origins): Promise<CaseResult> {
  const rounds = options.rounds ?? (each.isCentral ? 5 : 3)
  if (each.kind === 'workers') return measureWorkers(each, { origins, rounds, seconds: options.seconds })
  if (each.kind === 'overload') return measureOverload(each, options, origins)
  if (each.kind === 'fan-out') return measureOpen(each, options, origins)
  const names = each.isCentral ? inSmallCases(options) : inCarryingCases(options)
  const starts = startsOf(names, options, { origins, kind: each.kind === 'load' ? each.origin : 'static' })
  return measureRequests(each, starts, { rounds, seconds: options.seconds, folder: origins.folder })
}

/** A process keeps its luck, as where its code and data came to lie, so that each round has new ones; each has so many turns. */
const turnsEach = 2

/** Requests of one kind to each contestant in turns, round by round. */
export async function measureRequests(
  each: LoadCase | PacedCase,
  starts: readonly Start[],
  { rounds, ...run }: RunOptions & { rounds: number },
): Promise<CaseResult> {
  const warmUp = each.kind === 'load' ? each : { path: each.path, load: { connections: 10 } }
  const measure = (contestant: Contestant): Promise<Figures> =>
    each.kind === 'load' ? measureLoad(each, contestant, run) : measurePaced(each, contestant, run)

  const rows = rowsOf(starts)
  for (let round = 0; round < rounds; round += 1) {
    await withContestants(starts, rows, async (entrants) => {
      for (const { row, entrant } of entrants) {
        await attempt(row, () => warm(entrant, warmUp, run))
      }
      await interleave(entrants, turnsEach, measure)
    })
  }
  return { name: each.name, title: each.title, rows, ratioOf: each.kind === 'load' ? 'req/s' : 'p50 ms' }
}

async function warm(
  entrant: Contestant,
  load: Pick<LoadCase, 'path' | 'load' | 'isLong'>,
  { folder }: RunOptions,
): Promise<void> {
  let requests = 0
  for (let i = 0; i < (load.isLong ? 1 : maxWarmUps) && requests < warmUpRequests; i += 1) {
    const figures = await measureLoad(load, entrant, { folder, seconds: warmUpSeconds })
    requests += (figures['req/s'] ?? 0) * warmUpSeconds
  }
}

/** Once, with a process that has done nothing before: memory over idle is what is asked for. */
async function measureOpen(each: FanOutCase, options: Options, origins: Origins): Promise<CaseResult> {
  const kind: OriginKind = each.stream === 'download' ? 'static' : 'dynamic'
  const open = each.open ?? options.open
  const starts = startsOf(inCarryingCases(options), options, { origins, kind })
  const run = { open, seconds: options.seconds, originUrl: origins.dynamic }
  const rows = rowsOf(starts)
  await withContestants(starts, rows, (entrants) =>
    interleave(entrants, 1, (contestant) => measureFanOut(each, contestant, run)),
  )
  const title = each.open === undefined ? `${open.toLocaleString('en')} ${each.title}` : each.title
  return { name: each.name, title, rows, ratioOf: 'MiB over idle' }
}

/** Candidates to be started, and peers, which run already. */
function startsOf(
  names: readonly string[],
  options: Options,
  where: Pick<CandidateOptions, 'origins' | 'kind'>,
): readonly Start[] {
  const { isProfiled } = options
  return [
    ...names.map((name) => ({ name, start: () => startCandidate(name, { ...where, isProfiled }) })),
    ...peersOf(options).map((peer) => ({ name: peer.name, start: async () => peer })),
  ]
}

function rowsOf(starts: readonly Start[]): Row[] {
  return starts.map(({ name }) => ({ name, runs: [] }))
}

/**
 * Starts all contestants, measures them and ends them. The row of one that fails to start says so.
 * @param rows one for each, in the same order
 */
async function withContestants(
  starts: readonly Start[],
  rows: readonly Row[],
  measure: (entrants: readonly { row: Row; entrant: Contestant }[]) => Promise<void>,
): Promise<void> {
  const entrants: { row: Row; entrant: Contestant }[] = []
  try {
    for (const [i, row] of rows.entries()) {
      const entrant = await attempt(row, async () => starts[i]?.start())
      if (entrant !== undefined) entrants.push({ row, entrant })
    }
    await measure(entrants)
  } finally {
    for (const { entrant } of entrants) await entrant.running?.stop()
  }
}
