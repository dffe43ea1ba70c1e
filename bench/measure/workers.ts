import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

import type { WorkersCase } from '../cases.ts'
import type { Origins } from '../contestants.ts'
import { type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { runWrk } from '../load/wrk.ts'
import { cpuMicroseconds, familyCpuMicroseconds, idleMicroseconds } from '../proc.ts'
import { type CaseResult, type Figures, format, medians, type Row } from '../report.ts'
import { attempt } from '../rounds.ts'
import { paired } from '../statistics.ts'

type WorkersRun = { origins: Origins; seconds: number; rounds: number }

const connections = 64
const warmUpSeconds = 8

/** Cores as `taskset` names them: of the gateway, and of load generator and origin. */
type Place = { name: string; workers: number; gateway: string; others: string }

/**
 * One worker on one core, and two on two. Where cores are left, load generator and origin have these; on a small machine
 * they share those of the gateway, so that all that is measured has one core the first time and two the second.
 */
const hasRoom = availableParallelism() >= 4
const places: readonly Place[] = [
  { name: '1 worker', workers: 1, gateway: '0', others: hasRoom ? '2,3' : '0' },
  { name: '2 workers', workers: 2, gateway: '0,1', others: hasRoom ? '2,3' : '0,1' },
]
const sharing =
  'Load generator and origin share these cores and go first: the whole of client, gateway and origin has one core or two.'

/** Throughput of two workers on two cores over that of one on one. */
export async function measureWorkers({ name, title }: WorkersCase, run: WorkersRun): Promise<CaseResult> {
  const entrants = places.map((place) => ({ place, row: { name: place.name, runs: [] } as Row }))
  const gateways = new Map<Place, GatewayProcess>()
  try {
    for (const { place, row } of entrants) {
      await attempt(row, async () => {
        const { workers, gateway } = place
        const { static: originUrl, redisUrl } = run.origins
        gateways.set(place, await startGatewayProcess({ originUrl, redisUrl, workers, core: gateway, niceness: 5 }))
      })
    }
    for (let round = -1; round < run.rounds; round += 1) {
      for (const { place, row } of entrants) {
        const gateway = gateways.get(place)
        if (gateway === undefined) continue
        const isWarmUp = round === -1
        const seconds = isWarmUp ? warmUpSeconds : run.seconds
        const figures = await attempt(row, () => measureOnce(gateway, place, { ...run, seconds }))
        if (figures !== undefined && !isWarmUp) row.runs.push(figures)
      }
    }
  } finally {
    for (const gateway of gateways.values()) await gateway.stop()
  }
  const rows = entrants.map(({ row }) => row)
  return { name, title, rows, notes: notesOn(rows) }
}

async function measureOnce({ pid, url, headers }: GatewayProcess, { others }: Place, { origins, seconds }: WorkersRun) {
  execFileSync('taskset', ['-acp', others, String(origins.pid)], { stdio: 'ignore' })
  const before = await readClocks(pid, origins.pid)
  const startedAt = performance.now()
  const load = { url: `${url}/1k.json`, headers, seconds, connections }
  const { requests, requestsPerSecond, p99Ms, errors } = await runWrk(load, origins.folder, others)
  const elapsedUs = (performance.now() - startedAt) * 1_000
  const after = await readClocks(pid, origins.pid)
  const used = after.gateway - before.gateway
  return {
    'req/s': requestsPerSecond,
    'p99 ms': p99Ms,
    'req/CPU s': (requests / used) * 1e6,
    'cores used': used / elapsedUs,
    'origin’s cores': (after.origin - before.origin) / elapsedUs,
    'idle cores': (after.idle - before.idle) / elapsedUs,
    errors,
  } satisfies Figures
}

const readClocks = async (gatewayPid: number, originPid: number) => ({
  gateway: await familyCpuMicroseconds(gatewayPid),
  origin: await cpuMicroseconds(originPid),
  idle: await idleMicroseconds(),
})

function notesOn(rows: readonly Row[]): string[] {
  const [one, two] = rows
  if (one === undefined || two === undefined || one.runs.length === 0 || two.runs.length === 0) return []
  const valuesOf = (row: Row, figure: string) => row.runs.map((run) => run[figure] ?? 0)
  const measured = paired(valuesOf(two, 'req/s'), valuesOf(one, 'req/s'))
  const cost = paired(valuesOf(two, 'req/CPU s'), valuesOf(one, 'req/CPU s'))
  const got = medians(two.runs)['cores used'] ?? 0
  const gotByOne = medians(one.runs)['cores used'] ?? 0
  return [
    `Throughput of two workers on two cores is ${format(measured.median)} of one's on one (${format(measured.min)} to ` +
      `${format(measured.max)}). They had ${format(got)} cores between them, one alone had ${format(gotByOne)}.`,
    ...(hasRoom ? [] : [sharing]),
    `A second of CPU time serves ${format(cost.median)} of the requests with two workers that it serves with one.`,
  ]
}
