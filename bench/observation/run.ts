/**
 * `npm run bench:observation`: what audit, metrics and log lines cost a request in CPU time. Of each pair of processes one is without it
 * from the start on, as V8 and the garbage collector of an operator's process would have it.
 */
import { join } from 'node:path'

import { cores, startOrigins } from '../contestants.ts'
import { runWrk } from '../load/wrk.ts'
import { machine } from '../machine.ts'
import { freePort, nextLine, nodeCommand, type Running, startOn } from '../process.ts'
import { format, markdownTable } from '../report.ts'
import { median, spreadOf } from '../statistics.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'

const pairs = Number(process.env.BENCH_PAIRS ?? 4)
const seconds = Number(process.env.BENCH_SECONDS ?? 16)
/** V8 optimizes by calls. On a busy machine they take longer. */
const warmUpRequests = 30_000
const warmUpSeconds = 4
const maxWarmUps = 30
const turnMs = 100
const connections = 32

const ways: readonly (readonly [way: string, wanted: number | undefined])[] = [
  ['audit to a file, and metrics', 1.05],
  ['a line of the log for each request', undefined],
  ['nothing: how much is noise', undefined],
]

const origins = await startOrigins({ originPort: 0 })
/** Each wrk has a script of its own. */
const folders = { withIt: createTemporaryFolder('bench'), without: createTemporaryFolder('bench') }

type Candidate = { port: number; running: Running; folder: string }

async function startCandidate(way: string, isWithout: boolean): Promise<Candidate> {
  const port = await freePort()
  const told = { BENCH_PORT: String(port), BENCH_ORIGIN: origins.static, BENCH_OBSERVED: way, NODE_ENV: 'production' }
  const running = await startOn(
    [...nodeCommand, '--max-http-header-size=65536', join(import.meta.dirname, 'candidate.ts')],
    {
      core: cores.candidate,
      announces: true,
      env: { ...told, BENCH_WITHOUT: isWithout ? '1' : '0' },
    },
  )
  return { port, running, folder: isWithout ? folders.without : folders.withIt }
}

type Measured = { requests: number; cpuMicroseconds: number }

/** Loads both for so long, of which each runs in every other turn while the other one is stopped. */
async function measure(candidates: readonly Candidate[], loadSeconds: number): Promise<Measured[]> {
  const before = await Promise.all(candidates.map(cpuMicroseconds))
  const loads = candidates.map(({ port, running, folder }) => {
    const headers = [`Cookie: ${String(running.announcement['cookie'])}`]
    const load = { url: `http://127.0.0.1:${port}/1k.json`, headers, seconds: loadSeconds, connections }
    return runWrk(load, folder, cores.rest)
  })
  const endTurns = takeTurns(candidates.map(({ running }) => running.pid))
  const results = await Promise.all(loads).finally(endTurns)
  const after = await Promise.all(candidates.map(cpuMicroseconds))
  return results.map(({ requests, errors }, i) => {
    if (errors > 0 || requests === 0) throw new Error(`${errors} errors in ${requests} requests`)
    return { requests, cpuMicroseconds: (after[i] ?? 0) - (before[i] ?? 0) }
  })
}

async function warmUp(candidates: readonly Candidate[]): Promise<void> {
  const requests = candidates.map(() => 0)
  for (let i = 0; i < maxWarmUps && Math.min(...requests) < warmUpRequests; i += 1) {
    const measured = await measure(candidates, warmUpSeconds)
    for (const [j, more] of measured.entries()) requests[j] = (requests[j] ?? 0) + more.requests
  }
}

/** @returns ends the turns; both run then */
function takeTurns(pids: readonly number[]): () => void {
  let turn = 0
  const timer = setInterval(() => {
    turn += 1
    for (const [i, pid] of pids.entries()) process.kill(pid, i === turn % pids.length ? 'SIGCONT' : 'SIGSTOP')
  }, turnMs)
  return () => {
    clearInterval(timer)
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

async function cpuMicroseconds({ running: { child, lines } }: Candidate): Promise<number> {
  child.stdin?.write('now\n')
  const answer = (await nextLine(lines, child)) as { cpuMicroseconds: number }
  return answer.cpuMicroseconds
}

/** @returns CPU microseconds a request, with it and without */
async function measurePair(way: string): Promise<[withIt: number, without: number]> {
  const candidates = [await startCandidate(way, false), await startCandidate(way, true)]
  await warmUp(candidates)
  const measured = await measure(candidates, seconds)
  const [withIt = Number.NaN, without = Number.NaN] = measured.map((each) => each.cpuMicroseconds / each.requests)
  for (const { running } of candidates) await running.stop()
  return [withIt, without]
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`

async function rowOf(way: string, wanted: number | undefined): Promise<string[]> {
  const measured: [withIt: number, without: number][] = []
  for (let pair = 0; pair < pairs; pair += 1) measured.push(await measurePair(way))
  const ratios = spreadOf(measured.map(([withIt, without]) => withIt / without))
  const limit = wanted === undefined ? '–' : `< ${percent(wanted)}`
  const cost = format(median(measured.map(([, without]) => without)))
  return [way, percent(ratios.median), `${percent(ratios.min)} to ${percent(ratios.max)}`, limit, cost]
}

process.stdout.write(`${machine()}\n\n`)
process.stdout.write(
  `${pairs} pairs of processes, ${seconds} s each in turns of ${turnMs} ms; 1 KB JSON, cookie session, ${connections} connections.\n\n`,
)
const lines: string[][] = []
for (const [way, wanted] of ways) lines.push(await rowOf(way, wanted))
const header = ['', 'more CPU a request: median of the pairs', 'least to most', 'wanted', 'µs a request without']
process.stdout.write(`${markdownTable(header, lines)}\n`)
await origins.stop()
process.exit(0)
