/** `npm run bench:bearer`: machines beside sessions, and verification alone; see README.md. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { cores, startOrigins } from '../contestants.ts'
import { runWrk } from '../load/wrk.ts'
import { readOptions } from '../options.ts'
import { cpuMicroseconds } from '../proc.ts'
import { freePort, nodeCommand, type Running, startOn } from '../process.ts'
import { median } from '../statistics.ts'
import { measureVerification } from './verification.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '5' } },
})
const seconds = Number(values.seconds)

type Path = { name: string; url: string; headers: string[]; running: Running; runs: number[]; cpuUs: number[] }

async function startPath(name: string, file: string, originUrl: string): Promise<Path> {
  const port = await freePort()
  const command = [...nodeCommand, join(import.meta.dirname, '..', 'candidates', file)]
  const env = { BENCH_PORT: String(port), BENCH_ORIGIN: originUrl, NODE_ENV: 'production' }
  const running = await startOn(command, { core: cores.candidate, announces: true, env })
  const { cookie, token } = running.announcement as { cookie?: string; token?: string }
  const headers = token === undefined ? [`Cookie: ${cookie}`] : [`Authorization: Bearer ${token}`]
  return { name, url: `http://127.0.0.1:${port}/1k.json`, headers, running, runs: [], cpuUs: [] }
}

const figures = ({ runs, cpuUs }: Path): string =>
  `${median(runs).toFixed(0)} req/s, ${median(cpuUs).toFixed(1)} µs of CPU each`

const origins = await startOrigins(readOptions([]))
const session = await startPath('session', 'stagedoor.ts', origins.static)
const bearer = await startPath('bearer', 'stagedoor-bearer.ts', origins.static)
const measure = async ({ url, headers, running, runs, cpuUs }: Path, length: number): Promise<void> => {
  const load = { url, headers, seconds: length, connections: 32 }
  const before = await cpuMicroseconds(running.pid)
  const { requests, requestsPerSecond, errors } = await runWrk(load, origins.folder, cores.rest)
  if (errors > 0) throw new Error(`${errors} requests failed`)
  runs.push(requestsPerSecond)
  cpuUs.push(((await cpuMicroseconds(running.pid)) - before) / requests)
}
for (const path of [session, bearer]) {
  await measure(path, 2)
  path.runs.length = path.cpuUs.length = 0
}
// Interleaved, so that a slow minute of the machine touches both alike.
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const path of [session, bearer]) await measure(path, seconds)
}
for (const path of [session, bearer]) await path.running.stop()
await origins.stop()

const ratio = median(bearer.runs) / median(session.runs)
const alone = await measureVerification(5_000)
const share = (alone.cachedUs / median(session.cpuUs)) * 100
process.stdout.write(
  [
    `session path           ${figures(session)}`,
    `bearer path, cached    ${figures(bearer)}, ${(ratio * 100).toFixed(1)} % of the session path’s throughput`,
    `cached verification    ${alone.cachedUs.toFixed(2)} µs, ${share.toFixed(1)} % of a request on the session path`,
    `cold RS256, all checks ${alone.stagedoor.toFixed(0)} tokens/s`,
    `cold RS256, bare jose  ${alone.jose.toFixed(0)} tokens/s`,
    '',
  ].join('\n'),
)
process.exit(0)
