import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'

import { type LocalAuth0, startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createBrowser } from './browser.ts'
import { startOrigin } from './origin.ts'
import { freePort } from './ports.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { passLoginPage } from './stack.ts'
import { until } from './until.ts'

export type ClusterAnswer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }

/** The gateway with several workers and a Redis, as the command starts it. */
export type Cluster = {
  auth0: LocalAuth0
  redis: TestRedis
  baseUrl: string
  /** Sends one request on a new connection, so that workers take turns. */
  ask(path: string, headers?: Record<string, string>, method?: string): Promise<ClusterAnswer>
  /** @returns the Cookie header of a new session */
  signIn(email?: string): Promise<string>
  metrics(): Promise<string>
  ready(prefix?: string): Promise<ClusterAnswer>
  /** The content of the configuration file, section by section. */
  config: Record<string, object>
  file: string
  /** Replaces the configuration in its file: as a whole by a text, or some of its sections. */
  rewriteConfig(change: string | Record<string, object>): Promise<void>
  /** Sends SIGHUP to the started process. */
  hangUp(): void
  /** Log lines so far, including records of the audit trail. */
  logged: Record<string, unknown>[]
  records: Record<string, unknown>[]
  /** Log lines of level error. */
  errors(): Record<string, unknown>[]
  port: number
  /** Id of the started process. */
  pid: number
  /** Process ids of the running workers. */
  workers(): Promise<number[]>
  /** SIGTERM to the primary; its exit code. */
  stop(): Promise<number | null>
}

export const clusterSecret = 'a secret for tests, at least 32 characters'

export type ClusterOptions = {
  workers?: number
  server?: object
  session?: object
  audit?: object
  telemetry?: object
  upstream?: RequestListener
  /** An existing one, instead of one that the cluster starts. */
  upstreamUrl?: string
  port?: number
  stderr?: 'ignore'
  logLevel?: string
}

export async function startCluster(t: Test, options: ClusterOptions = {}): Promise<Cluster> {
  const port = options.port ?? (await freePort())
  const adminPort = await freePort()
  const baseUrl = `http://localhost:${port}`
  const auth0 = await startLocalAuth0({ callbacks: [`${baseUrl}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const redis = await startRedis(t)
  const upstreamUrl = options.upstreamUrl ?? (await startOrigin(t, options.upstream)).url
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-cluster-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'cluster.yaml')
  const listen = { host: '127.0.0.1', port }
  const config: Record<string, object> = {
    server: {
      baseUrl,
      listen,
      admin: { port: adminPort },
      workers: options.workers ?? 2,
      reload: 'signal',
      ...options.server,
    },
    auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
    session: { store: 'redis', redis: { url: redis.url }, secrets: [clusterSecret], ...options.session },
    assertion: { keys: { store: 'redis' } },
    machines: { keys: { store: 'redis' } },
    audit: { keys: { store: 'redis' }, ...options.audit },
    telemetry: options.telemetry ?? {},
    upstreams: { backstage: { url: upstreamUrl } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    log: { level: options.logLevel ?? 'error' },
  }
  await writeFile(file, stringify(config))

  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', file]
  const primary = spawn(process.execPath, args, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'],
  })
  const logged: Record<string, unknown>[] = []
  const records: Record<string, unknown>[] = []
  createInterface(primary.stdout).on('line', (text) => {
    const line = JSON.parse(text) as Record<string, unknown>
    const isRecord = line['audit'] !== undefined
    if (isRecord) records.push(line)
    else logged.push(line)
  })

  async function stop(): Promise<number | null> {
    if (primary.exitCode !== null) return primary.exitCode
    const ended = once(primary, 'exit') as Promise<[number | null]>
    primary.kill('SIGTERM')
    return (await ended)[0]
  }

  t.teardown(stop)
  const admin = `http://127.0.0.1:${adminPort}`
  await untilReady(`${admin}/.stagedoor/health/ready`, primary)
  return {
    auth0,
    redis,
    baseUrl,
    ask: (path, headers = {}, method = 'GET') => askOnce(`http://127.0.0.1:${port}${path}`, headers, method),
    async signIn(email = 'jane@example.com') {
      const browser = createBrowser()
      await passLoginPage(await browser.open(`${baseUrl}/`), browser, email)
      return [...browser.cookiesOf(baseUrl)].map(([name, value]) => `${name}=${value}`).join('; ')
    },
    metrics: async () => (await askOnce(`${admin}/metrics`)).text,
    ready: (prefix = '/.stagedoor') => askOnce(`${admin}${prefix}/health/ready`),
    config,
    file,
    rewriteConfig: (change) =>
      writeFile(file, typeof change === 'string' ? change : stringify({ ...config, ...change })),
    hangUp: () => void primary.kill('SIGHUP'),
    logged,
    records,
    errors: () => logged.filter(({ level }) => level === 'error'),
    port,
    pid: primary.pid ?? 0,
    workers: () => childrenOf(primary.pid ?? 0),
    stop,
  }
}

/** Sends one request on a new connection. */
export async function askOnce(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<ClusterAnswer> {
  const dispatcher = new Agent({ pipelining: 0 })
  try {
    const sent = { accept: 'application/json', 'sec-fetch-mode': 'cors', ...headers }
    const answer = await request(url, { method: method as 'GET', headers: sent, dispatcher })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  } finally {
    await dispatcher.destroy()
  }
}

async function untilReady(url: string, primary: ChildProcess): Promise<void> {
  await until(async () => {
    if (primary.exitCode !== null) throw new Error('the gateway ended at the start')
    const answer = await askOnce(url).catch(() => undefined)
    return answer?.status === 200 && JSON.parse(answer.text).status === 'ok'
  })
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
