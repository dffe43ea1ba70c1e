/** `npm run bench:startup`: from start to ready, and memory while idle; with sessions in cookies and in Redis, and with two workers. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { cores } from '../contestants.ts'
import { sessionSecret, sharedThroughRedis } from '../gateway-config.ts'
import { startIssuer } from '../issuer.ts'
import { machine } from '../machine.ts'
import { familyCpuMicroseconds, familyMemoryMiB } from '../proc.ts'
import { freePort } from '../process.ts'
import { startRedis } from '../redis.ts'
import { format, markdownTable } from '../report.ts'
import { median, spreadOf } from '../statistics.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const settleMs = 2_500
// As it is shipped: compiled, by `npm run build`.
const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js')
const routes = [{ name: 'everything', path: '/**', allow: 'authenticated' }]
const folder = await mkdtemp(join(tmpdir(), 'stagedoor-bench-'))
const issuer = await startIssuer()

type Way = { name: string; workers: number; redisUrl: string | undefined }
type Start = { readyMs: number; cpuMs: number; rssMiB: number }

async function measureStart({ workers, redisUrl }: Way): Promise<Start> {
  const [port, admin] = [await freePort(), await freePort()]
  const file = join(folder, 'startup.yaml')
  const server = {
    baseUrl: `http://localhost:${port}`,
    listen: { host: '127.0.0.1', port },
    admin: { port: admin },
    workers,
  }
  const auth0 = { issuer: issuer.url, clientId: 'bench', clientSecrets: ['bench'] }
  const shared = redisUrl === undefined ? {} : sharedThroughRedis(redisUrl)
  const rest = {
    session: { secrets: [sessionSecret] },
    log: { level: 'error' },
    routes,
  }
  await writeFile(
    file,
    JSON.stringify({ server, auth0, ...rest, ...shared, upstreams: { backstage: { url: 'http://127.0.0.1:1' } } }),
  )
  const startedAt = performance.now()
  const args = ['--disable-warning=ExperimentalWarning', main, 'start', '--config', file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  while (!(await isReady(admin))) {
    if (child.exitCode !== null) throw new Error('the gateway ended at the start')
    await delay(5)
  }
  const readyMs = performance.now() - startedAt
  const cpuMs = (await familyCpuMicroseconds(child.pid ?? 0)) / 1_000
  await delay(settleMs)
  const rssMiB = await familyMemoryMiB(child.pid ?? 0)
  child.kill('SIGTERM')
  await once(child, 'exit')
  return { readyMs, cpuMs, rssMiB }
}

async function isReady(admin: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${admin}/.stagedoor/health/ready`).catch(() => undefined)
  return answer?.status === 200
}

const redis = await startRedis(folder, cores.rest).catch(() => undefined)
const inCookies = { workers: 1, redisUrl: undefined }
const ways: readonly Way[] = [
  { name: 'sessions in cookies', ...inCookies },
  ...(redis === undefined
    ? []
    : [{ name: 'the same, and Redis for keys and ended sessions', workers: 1, redisUrl: redis.url }]),
  ...(redis === undefined
    ? []
    : [{ name: 'two workers and their primary, with Redis', workers: 2, redisUrl: redis.url }]),
]
const starts = new Map(ways.map((way) => [way, [] as Start[]]))
for (let round = 0; round < rounds; round += 1)
  for (const [way, measured] of starts) measured.push(await measureStart(way))

const lines = [...starts].map(([{ name }, measured]) => {
  const ready = spreadOf(measured.map(({ readyMs }) => readyMs))
  const cpu = median(measured.map(({ cpuMs }) => cpuMs))
  const memory = Math.min(...measured.map(({ rssMiB }) => rssMiB))
  return [name, ...[ready.min, ready.median, ready.max, cpu, memory].map(format)]
})
process.stdout.write(`${machine()}\n\n`)
process.stdout.write(
  `${markdownTable(['', 'ready ms: least', 'median', 'most', 'CPU ms until then, median', 'resident MiB, least'], lines)}\n`,
)
await redis?.stop()
issuer.stop()
await rm(folder, { recursive: true })
