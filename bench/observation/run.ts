/** `npm run bench:observation`: what audit, metrics and log lines cost a request in CPU time; see `candidate.ts`. */
import { join } from 'node:path'

import { cores, startOrigins } from '../contestants.ts'
import { runWrk } from '../load/wrk.ts'
import { machine } from '../machine.ts'
import { freePort, nextLine, startOn } from '../process.ts'
import { quantile, spreadOf } from '../statistics.ts'

const processes = Number(process.env.BENCH_ROUNDS ?? 5)
const seconds = Number(process.env.BENCH_SECONDS ?? 30)
/** Blocks of the first seconds, in which V8 still compiles. */
const warmUpBlocks = 24
const connections = 32

const ways: readonly (readonly [way: string, wanted: number | undefined])[] = [
  ['audit to a file, and metrics', 1.05],
  ['a line of the log for each request', undefined],
  ['nothing: how much is noise', undefined],
]

const origins = await startOrigins({ originPort: 0 })

/** @returns CPU microseconds a request, block by block: on, off, on … */
async function measure(way: string): Promise<number[]> {
  const port = await freePort()
  const flags = ['--disable-warning=ExperimentalWarning', '--max-http-header-size=65536']
  const running = await startOn([process.execPath, ...flags, join(import.meta.dirname, 'candidate.ts')], {
    core: cores.candidate,
    announces: true,
    env: { BENCH_PORT: String(port), BENCH_ORIGIN: origins.static, BENCH_OBSERVED: way, NODE_ENV: 'production' },
  })
  const headers = [`Cookie: ${String(running.announcement['cookie'])}`]
  const load = { url: `http://127.0.0.1:${port}/1k.json`, headers, seconds, connections }
  const { requests, errors } = await runWrk(load, origins.folder, cores.rest)
  if (errors > 0 || requests === 0) throw new Error(`${errors} errors in ${requests} requests`)
  running.child.stdin?.write('now\n')
  const { costs } = (await nextLine(running.lines, running.child)) as { costs: number[] }
  await running.stop()
  // The last ones have seen the end of the load.
  return costs.slice(warmUpBlocks, -4)
}

/** Each block without against the two with, before and after it: what drifts cancels out. Geometric, as ratios are. */
function compare(costs: readonly number[]): { ratios: number[]; off: number[] } {
  const [ratios, off]: [number[], number[]] = [[], []]
  for (let i = 1; i + 1 < costs.length; i += 2) {
    const [before = Number.NaN, without = Number.NaN, after = Number.NaN] = costs.slice(i - 1, i + 2)
    ratios.push(Math.sqrt(before * after) / without)
    off.push(without)
  }
  return { ratios, off }
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`

process.stdout.write(`${machine()}\n\n`)
process.stdout.write(
  `Blocks of 250 ms, on and off in turn, in ${processes} processes of ${seconds} s each; 1 KB JSON, cookie session, `,
)
process.stdout.write(`${connections} connections.\n\n`)
process.stdout.write(
  '|  | more CPU a request: median | median of each process | wanted | µs a request without | blocks |\n',
)
process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: |\n')
for (const [way, wanted] of ways) {
  const [ratios, off, medians]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < processes; round += 1) {
    const compared = compare(await measure(way))
    ratios.push(...compared.ratios)
    off.push(...compared.off)
    medians.push(spreadOf(compared.ratios).median)
  }
  const sorted = medians.toSorted((a, b) => a - b)
  const range = `${percent(quantile(sorted, 0))} to ${percent(quantile(sorted, 1))}`
  const limit = wanted === undefined ? '–' : `< ${percent(wanted)}`
  const cost = spreadOf(off).median.toFixed(0)
  process.stdout.write(
    `| ${way} | ${percent(spreadOf(ratios).median)} | ${range} | ${limit} | ${cost} | ${ratios.length} |\n`,
  )
}
await origins.stop()
process.exit(0)
