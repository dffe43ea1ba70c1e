import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'

import { type LocalAuth0, startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createBrowser } from './browser.ts'
import { endWithUs } from './children.ts'
import { passLoginPage } from './house.ts'
import { startOrigin } from './origin.ts'
import { freePort } from './ports.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { until } from './until.ts'

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }

/** One process of the gateway. */
export type Replica = {
  url: string
  adminUrl: string
  /** Process id of what was started. */
  pid(): number
  /** Asks as a script of a page would, with this cookie. */
  fetch(path: string, cookie: string): Promise<Answer>
  /** SIGTERM, and its exit. */
  stop(): Promise<void>
  /** SIGKILL, and its exit. */
  kill(): Promise<void>
  /** Starts it again, and waits until it listens. */
  start(): Promise<void>
}

/** Several processes of the gateway behind one base URL, with one Redis, one login service and one upstream. */
export type Replicas = {
  all: Replica[]
  redis: TestRedis
  auth0: LocalAuth0
  /** Logs in through the first replica. @returns the Cookie header of the session */
  signIn(email?: string): Promise<string>
}

export const replicaSecret = 'a secret for tests, at least 32 characters'

type ReplicasOptions = {
  /** An upstream that runs already; without it, one that answers with what it received. */
  upstreamUrl?: string
  events?: object
  server?: object
  /** More sections of the configuration. */
  sections?: Record<string, object>
  /** In place of the secret itself. */
  clientSecrets?: readonly object[]
}

export async function startReplicas(
  t: Test,
  count: number,
  session: object = {},
  { upstreamUrl, events, server, sections, clientSecrets }: ReplicasOptions = {},
): Promise<Replicas> {
  const redis = await startRedis(t, { isPersistent: true })
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const baseUrl = `http://localhost:${ports[0]}`
  const auth0 = await startLocalAuth0({ callbacks: [`${baseUrl}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const upstream = upstreamUrl ?? (await startOrigin(t)).url
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-replicas-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  const all = await Promise.all(
    ports.map(async (port) => {
      const file = join(folder, `${port}.yaml`)
      const adminPort = await freePort()
      const config = {
        server: { baseUrl, listen: { host: '127.0.0.1', port }, admin: { port: adminPort }, ...server },
        auth0: {
          issuer: auth0.issuer,
          clientId: auth0.clientId,
          clientSecrets: clientSecrets ?? [auth0.clientSecret],
          events,
        },
        session: { store: 'redis', redis: { url: redis.url }, secrets: [replicaSecret], ...session },
        upstreams: { backstage: { url: upstream } },
        routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
        log: { level: 'error' },
        ...sections,
      }
      await writeFile(file, stringify(config))
      return startReplica(t, file, port, adminPort)
    }),
  )

  return {
    all,
    redis,
    auth0,
    async signIn(email = 'jane@example.com') {
      const browser = createBrowser()
      await passLoginPage(await browser.open(`${baseUrl}/`), browser, email)
      return `stagedoor=${browser.cookiesOf(baseUrl).get('stagedoor')}`
    },
  }
}

async function startReplica(t: Test, configFile: string, port: number, adminPort: number): Promise<Replica> {
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', configFile]
    child = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'inherit'] })
    endWithUs(child)
    await untilItAnswers(port, child)
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }

  const stop = (): Promise<void> => end('SIGTERM')
  t.teardown(stop)
  await start()
  const addresses = { url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}` }
  const fetch = (path: string, cookie: string) => ask(port, path, cookie)
  return { ...addresses, pid: () => child?.pid ?? 0, start, stop, kill: () => end('SIGKILL'), fetch }
}

async function ask(port: number, path: string, cookie: string): Promise<Answer> {
  const headers = { cookie, accept: 'application/json', 'sec-fetch-mode': 'cors' }
  const { statusCode, headers: received, body } = await request(`http://127.0.0.1:${port}${path}`, { headers })
  return { status: statusCode, headers: received, text: await body.text() }
}

async function untilItAnswers(port: number, child: ChildProcess): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the gateway on port ${port} ended at the start`)
    const answer = await ask(port, '/.stagedoor/health/live', '').catch(() => undefined)
    return answer?.status === 200
  })
}
