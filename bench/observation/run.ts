/**
 * `npm run bench:observation`: what audit, metrics, log lines and traces cost a request in CPU time. Two processes take turns in
 * short blocks; each pair of blocks gives one ratio, and each round starts both anew.
 */
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { cores, startOrigins } from '../contestants.ts'
import { runWrk } from '../load/wrk.ts'
import { machine } from '../machine.ts'
import { freePort, type Running, startOn } from '../process.ts'
import { quantile, spreadOf } from '../statistics.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 6)
const blocks = Number(process.env.BENCH_BLOCKS ?? 12)
const blockSeconds = 1
const warmUpSeconds = 4
const connections = 16

const pairs: readonly (readonly [way: string, base: string, wanted: number | undefined])[] = [
  ['audit file and metrics', 'nothing', 1.05],
  ['with a line a request', 'audit file and metrics', undefined],
  // The same twice: without telemetry.otlp no hook of tracing is there to be measured. Its spread is what the others have as noise.
  ['audit file and metrics', 'audit file and metrics', 1.01],
  ['traces, none sampled', 'audit file and metrics', undefined],
  ['traces, a tenth sampled', 'audit file and metrics', undefined],
]

const collector = createServer((request, response) => {
  request.resume().on('end', () => response.end())
})
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
const otlpUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
const origins = await startOrigins({ originPort: 0 })

type Entrant = { url: string; headers: string[]; running: Running }

async function start(way: string): Promise<Entrant> {
  const port = await freePort()
  const flags = ['--disable-warning=ExperimentalWarning', '--max-http-header-size=65536']
  const running = await startOn([process.execPath, ...flags, join(import.meta.dirname, 'candidate.ts')], {
    core: cores.candidate,
    announces: true,
    env: {
      BENCH_PORT: String(port),
      BENCH_ORIGIN: origins.static,
      BENCH_OBSERVED: way,
      BENCH_OTLP: otlpUrl,
      NODE_ENV: 'production',
    },
  })
  const cookie = String(running.announcement['cookie'])
  return { url: `http://127.0.0.1:${port}/1k.json`, headers: [`Cookie: ${cookie}`], running }
}

/** CPU time of all threads of a process so far, in nanoseconds: /proc/pid/stat counts in hundredths of a second. */
async function cpuNanoseconds(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`)
  const texts = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0'))
  return (await Promise.all(texts)).reduce((sum, text) => sum + Number(text.split(' ')[0]), 0)
}

/** @returns CPU microseconds a request */
async function block({ url, headers, running }: Entrant, seconds: number): Promise<number> {
  const before = await cpuNanoseconds(running.pid)
  const { requests, errors } = await runWrk({ url, headers, seconds, connections }, origins.folder, cores.rest)
  if (errors > 0 || requests === 0) throw new Error(`${errors} errors in ${requests} requests`)
  return ((await cpuNanoseconds(running.pid)) - before) / 1_000 / requests
}

async function compare(way: string, base: string): Promise<{ ratios: number[]; micros: number[] }> {
  const [ratios, micros]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const [one, other] = [await start(way), await start(base)]
    for (const entrant of [one, other]) await block(entrant, warmUpSeconds)
    for (let turn = 0; turn < blocks; turn += 1) {
      // Whoever goes first meets another machine than whoever goes second.
      const isFirst = turn % 2 === 0
      const before = isFirst ? undefined : await block(other, blockSeconds)
      const cost = await block(one, blockSeconds)
      const baseCost = before ?? (await block(other, blockSeconds))
      ratios.push(cost / baseCost)
      micros.push(baseCost)
    }
    await Promise.all([one.running.stop(), other.running.stop()])
  }
  return { ratios, micros }
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`

process.stdout.write(`${machine()}\n\n`)
process.stdout.write(
  `${rounds} rounds of ${blocks} pairs of blocks of ${blockSeconds} s, 1 KB JSON, cookie session, ${connections} connections, keep-alive.\n\n`,
)
process.stdout.write('| | over | CPU more: median | quartiles | wanted | µs a request without |\n')
process.stdout.write('| --- | --- | ---: | ---: | ---: | ---: |\n')
for (const [way, base, wanted] of pairs) {
  const { ratios, micros } = await compare(way, base)
  const sorted = ratios.toSorted((a, b) => a - b)
  const { median } = spreadOf(ratios)
  const quartiles = `${percent(quantile(sorted, 0.25))} to ${percent(quantile(sorted, 0.75))}`
  const limit = wanted === undefined ? '–' : `< ${percent(wanted)}`
  process.stdout.write(
    `| ${way} | ${base} | ${percent(median)} | ${quartiles} | ${limit} | ${spreadOf(micros).median.toFixed(0)} |\n`,
  )
}
await origins.stop()
collector.close()
process.exit(0)
