/** `npm run bench:sessions`: memory of cached sessions, and requests per second with each store. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort, startOn } from '../process.ts'
import { startRedis } from '../redis.ts'

const rounds = 5
const seconds = 3

const folder = await mkdtemp(join(tmpdir(), 'stagedoor-bench-'))
const redisServer = await startRedis(folder, 1)
const redisUrl = redisServer.url
try {
  for (const [count, limit] of [[10_000], [100_000], [100_000, 10_000]] as const) weigh(count, limit ?? count)
  await race()
} finally {
  await redisServer.stop()
  await rm(folder, { recursive: true })
}
process.exit(0)

function weigh(count: number, limit: number): void {
  const script = join(import.meta.dirname, 'memory.ts')
  const args = ['--expose-gc', '--disable-warning=ExperimentalWarning', script, String(count), String(limit)]
  const output = execFileSync(process.execPath, args, {
    env: { ...process.env, REDIS_URL: redisUrl },
    encoding: 'utf8',
  })
  const { cached, bytes } = JSON.parse(output) as { cached: number; bytes: number }
  const each = Math.round(bytes / cached)
  console.log(`${count} sessions seen, at most ${limit} cached: ${mebibytes(bytes)} MiB, ${each} bytes each`)
}

/** Both gateways stay up and are asked in turns, so that the machine's moods hit both alike. */
async function race(): Promise<void> {
  const names = ['cookie', 'redis'] as const
  const gateways = await Promise.all(
    names.map(async (store) => {
      const port = await freePort()
      const env = { STORE: store, BENCH_REDIS: redisUrl, BENCH_PORT: String(port), BENCH_ORIGIN: 'http://127.0.0.1:1' }
      const script = join(import.meta.dirname, 'gateway.ts')
      const running = await startOn([process.execPath, script], { core: 0, env, announces: true })
      return { store, port, cookie: String(running.announcement['cookie']), running, rates: [] as number[] }
    }),
  )
  for (let round = 0; round < rounds; round++) {
    for (const gateway of gateways) gateway.rates.push(requestsPerSecond(gateway.port, gateway.cookie))
  }
  const [cookie = 0, redis = 0] = gateways.map(({ rates }) => rates.toSorted((a, b) => a - b)[rounds >> 1])
  await Promise.all(gateways.map(({ running }) => running.stop()))
  console.log(`requests/s of /.stagedoor/me, median of ${rounds}: cookie ${cookie}, redis ${redis}`)
  console.log(`redis / cookie: ${(redis / cookie).toFixed(2)}`)
}

function requestsPerSecond(port: number, cookie: string): number {
  const url = `http://127.0.0.1:${port}/.stagedoor/me`
  const wrk = ['wrk', '-t1', '-c32', `-d${seconds}s`, '-H', `cookie: ${cookie}`, url]
  const output = execFileSync('taskset', ['-c', '1', ...wrk], { encoding: 'utf8' })
  if (output.includes('Non-2xx')) throw new Error(`not every answer was a success:\n${output}`)
  return Math.round(Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]))
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1)
}
