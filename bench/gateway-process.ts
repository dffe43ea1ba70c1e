import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { Redis } from '../src/redis/redis.ts'
import { parseNode } from '../src/redis/settings.ts'
import { createSealer } from '../src/seal/sealer.ts'
import { createRecordSealer } from '../src/session/record-sealer.ts'
import { RedisRecords } from '../src/session/redis-records.ts'
import type { Session } from '../src/session/session.ts'
import { benchConfig, benchSession, sessionSecret, sharedThroughRedis } from './gateway-config.ts'
import { startIssuer } from './issuer.ts'
import { freePort, nodeCommand, startOn } from './process.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

export type GatewayProcess = {
  pid: number
  url: string
  /** The admin listener, which also answers probes. */
  adminUrl: string
  headers: readonly string[]
  stop: () => Promise<void>
}

export type GatewayOptions = {
  originUrl: string
  workers: number
  /** The Redis through which several workers share sessions and keys. */
  redisUrl?: string | undefined
  core?: number | string
  niceness?: number
}

const startLimitMs = 30_000
const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts')

/**
 * The gateway as `stagedoor start` runs it, with the limits that it has by default.
 * @throws when it is not ready in half a minute
 */
export async function startGatewayProcess(options: GatewayOptions): Promise<GatewayProcess> {
  const { originUrl, workers, redisUrl, ...where } = options
  const [port, adminPort] = [await freePort(), await freePort()]
  const issuer = await startIssuer()
  const { server, auth0, ...rest } = benchConfig({ port, originUrl })
  const config = {
    ...rest,
    ...(redisUrl === undefined ? {} : sharedThroughRedis(redisUrl)),
    server: { ...server, workers, admin: { port: adminPort } },
    auth0: { ...auth0, issuer: issuer.url },
    upstreams: { backstage: { url: originUrl } },
  }
  const file = join(createTemporaryFolder('bench'), 'bench.yaml')
  await writeFile(file, JSON.stringify(config))
  const command = [...nodeCommand, main, 'start', '--config', file]
  const running = await startOn(command, { ...where, announces: false, env: { NODE_ENV: 'production' } })
  const adminUrl = `http://127.0.0.1:${adminPort}`
  const stop = async (): Promise<void> => {
    await running.stop()
    issuer.stop()
  }
  if (!(await isReadySoon(adminUrl, () => running.child.exitCode !== null))) {
    await stop()
    throw new Error(`the gateway with ${workers} worker(s) did not become ready`)
  }
  const session = { ...benchSession(), issuer: issuer.url }
  const value = redisUrl === undefined ? await sealed(session) : await keptInRedis(session, redisUrl)
  const headers = [`Cookie: stagedoor=${value}`]
  return { pid: running.pid, url: `http://127.0.0.1:${port}`, adminUrl, headers, stop }
}

const sealed = (session: Session): Promise<string> => createSealer([sessionSecret], 'session').seal(session)

/** @returns the reference that the browser has */
async function keptInRedis(session: Session, url: string): Promise<string> {
  const redis = new Redis({ topology: { kind: 'single', node: parseNode(url) }, timeoutMs: 10_000 })
  await redis.attempted()
  const limits = { idleTimeoutMs: 3_600_000, absoluteTimeoutMs: 43_200_000 }
  const sealer = createRecordSealer([sessionSecret])
  const records = new RedisRecords({ redis, sealer, limits, randomBytes, now: Date.now })
  try {
    return await records.create(session)
  } finally {
    redis.close()
  }
}

async function isReadySoon(adminUrl: string, hasEnded: () => boolean): Promise<boolean> {
  const givesUpAt = performance.now() + startLimitMs
  while (performance.now() < givesUpAt && !hasEnded()) {
    const answer = await fetch(`${adminUrl}/.stagedoor/health/ready`).catch(() => undefined)
    if (answer?.status === 200) return true
    await delay(50)
  }
  return false
}
