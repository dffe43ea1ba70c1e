import { availableParallelism } from 'node:os'

import type { WorkersCase } from '../cases.ts'
import { cores, type Origins } from '../contestants.ts'
import { type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { runWrk } from '../load/wrk.ts'
import { cpuMicroseconds, familyCpuMicroseconds, idleMicroseconds } from '../proc.ts'
import { type CaseResult, type Figures, format, medians, type Row } from '../report.ts'
import { attempt } from '../rounds.ts'
import { paired } from '../statistics.ts'

type WorkersRun = { origins: Origins; seconds: number; rounds: number }

const names = { 1: '1 worker', 2: '2 workers' } as const
const connections = 64
/** Two for the workers, one for the load generator, one for the origin. */
const isSmall = availableParallelism() < 4
const sharing =
  'Load generator and origin run on the same cores and go first, so that on this machine two workers cannot have a core each.'

/**
 * Throughput with one worker and with two, on all cores. The load generator and the origin share these and go first, so
 * that they are never what is short; what is left of the machine is the gateway's, and is said beside its throughput.
 */
export async function measureWorkers({ name, title }: WorkersCase, run: WorkersRun): Promise<CaseResult> {
  const rows: Row[] = [1, 2].map((workers) => ({ name: names[workers as 1 | 2], runs: [] }))
  const gateways: (GatewayProcess | undefined)[] = []
  try {
    for (const [i, row] of rows.entries()) {
      gateways.push(
        await attempt(row, async () => {
          const options = { originUrl: run.origins.static, workers: i + 1, niceness: 5 }
          const gateway = await startGatewayProcess(options)
          await measureOnce(gateway, run, 2)
          return gateway
        }),
      )
    }
    for (let round = 0; round < run.rounds; round += 1) {
      for (const [i, row] of rows.entries()) {
        const gateway = gateways[i]
        if (gateway === undefined) continue
        const figures = await attempt(row, () => measureOnce(gateway, run, run.seconds))
        if (figures !== undefined) row.runs.push(figures)
      }
    }
  } finally {
    for (const gateway of gateways) await gateway?.stop()
  }
  return { name, title, rows, notes: notesOn(rows) }
}

async function measureOnce({ pid, url, headers }: GatewayProcess, { origins }: WorkersRun, seconds: number) {
  const before = await readClocks(pid, origins.pid)
  const startedAt = performance.now()
  const load = { url: `${url}/1k.json`, headers, seconds, connections }
  const { requests, requestsPerSecond, p99Ms, errors } = await runWrk(load, origins.folder, cores.rest)
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
    `Throughput of two workers is ${format(measured.median)} of one's (${format(measured.min)} to ${format(measured.max)}). ` +
      `They had ${format(got)} cores between them, one alone had ${format(gotByOne)}. ${isSmall ? sharing : ''}`.trimEnd(),
    `A second of CPU time serves ${format(cost.median)} of the requests with two workers that it serves with one; with a ` +
      `core for each worker and more for the rest, that makes ${format(2 * cost.median)} of one's throughput.`,
  ]
}
