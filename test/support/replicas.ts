import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'

import { type LocalAuth0, type LocalAuth0Options, startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createBrowser } from './browser.ts'
import { endAndWait, endWithUs } from './children.ts'
import { startOrigin } from './origin.ts'
import { freePort } from './ports.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { passLoginPage } from './stack.ts'
import { until } from './until.ts'

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }

/** One process of the gateway. */
export type Replica = {
  url: string
  adminUrl: string
  /** Id of the started process. */
  pid(): number
  /** Its logged errors, one line each, across restarts. */
  errors(): readonly string[]
  /** Sends a request like a script of a page, with this cookie. */
  fetch(path: string, cookie: string): Promise<Answer>
  /** Changes sections of its configuration file and sends SIGHUP. */
  reload(sections: Record<string, object>): Promise<void>
  /** Sends SIGTERM and waits for the exit. */
  stop(): Promise<void>
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>
  /** Restarts it and waits until it listens. @param build folder of the code; default: this repository */
  start(build?: string): Promise<void>
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
  /** The URL of a running upstream; default: one that echoes requests. */
  upstreamUrl?: string
  /** Port of the load balancer in front; default: clients use the first replica. */
  publicPort?: number
  events?: object
  server?: object
  /** More sections of the configuration. */
  sections?: Record<string, object>
  /** Replaces the secret itself. */
  clientSecrets?: readonly object[]
  auth0?: LocalAuth0Options
  /** Of the first replica, which names it for all. */
  port?: number
  /** Words before the command, such as those of `withMounts`. */
  launcher?: readonly string[]
  /** Modules that Node loads first. */
  preload?: readonly string[]
  /** Uses the longest timeouts for Redis and the login service: for load tests that do not test outages. */
  isPatient?: true
}

export async function startReplicas(
  t: Test,
  count: number,
  session: object = {},
  options: ReplicasOptions = {},
): Promise<Replicas> {
  const { upstreamUrl, publicPort, events, server, sections, clientSecrets, isPatient } = options
  const redis = await startRedis(t, { isPersistent: true })
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  if (options.port !== undefined) ports[0] = options.port
  const scheme = server !== undefined && 'tls' in server ? 'https' : 'http'
  const baseUrl = `${scheme}://localhost:${publicPort ?? ports[0]}`
  const auth0 = await startLocalAuth0({ ...options.auth0, callbacks: [`${baseUrl}/.stagedoor/callback`] })
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
          ...(isPatient && { timeout: '1m' }),
        },
        session: {
          store: 'redis',
          redis: { url: redis.url, ...(isPatient && { timeout: '30s' }) },
          secrets: [replicaSecret],
          ...session,
        },
        upstreams: { backstage: { url: upstream } },
        routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
        log: { level: 'error' },
        ...sections,
      }
      const write = (changed: object) => writeFile(file, stringify({ ...config, ...changed }))
      await write({})
      return startReplica(t, { file, write, url: `${scheme}://127.0.0.1:${port}`, adminPort }, options)
    }),
  )

  return {
    all,
    redis,
    auth0,
    async signIn(email = 'jane@example.com') {
      const browser = createBrowser()
      const { status, url, text } = await passLoginPage(await browser.open(`${baseUrl}/`), browser, email)
      const name = scheme === 'https' ? '__Host-stagedoor' : 'stagedoor'
      const session = browser.cookiesOf(baseUrl).get(name)
      if (session === undefined) throw new Error(`the login ended at ${url} with ${status}: ${wordsOf(text)}`)
      return `${name}=${session}`
    },
  }
}

/** The text of a page without markup. */
const wordsOf = (page: string): string =>
  page
    .replaceAll(/<(style|script)[^]*?<\/\1>|<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

type Place = { file: string; write: (sections: object) => Promise<void>; url: string; adminPort: number }

async function startReplica(
  t: Test,
  { file, write, url, adminPort }: Place,
  { launcher = [], preload = [] }: ReplicasOptions,
): Promise<Replica> {
  let child: ChildProcess | undefined
  const errors: string[] = []
  const loaded = preload.flatMap((module) => ['--import', module])
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...loaded, 'src/cli/main.ts']
  const [command, ...args] = [...launcher, ...node, 'start', '--config', file]

  async function start(build = repositoryRoot): Promise<void> {
    const started = spawn(command, args, { cwd: build, stdio: ['ignore', 'pipe', 'inherit'] })
    child = started
    // Records of the audit trail arrive on this stream, too.
    createInterface(started.stdout).on('line', (line) => {
      if (line.startsWith('{"level":"error"')) errors.push(line)
    })
    endWithUs(child)
    await untilItAnswers(url, child)
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child
    child = undefined
    if (running !== undefined) await endAndWait(running, signal)
  }

  const stop = (): Promise<void> => end('SIGTERM')
  t.teardown(stop)
  await start()

  async function reload(sections: Record<string, object>): Promise<void> {
    await write(sections)
    child?.kill('SIGHUP')
  }

  const fetch = (path: string, cookie: string) => ask(url + path, cookie)
  const kill = () => end('SIGKILL')
  return {
    url,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    pid: () => child?.pid ?? 0,
    errors: () => errors,
    start,
    reload,
    stop,
    kill,
    fetch,
  }
}

/** Test certificates are self-signed. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })

async function ask(url: string, cookie: string): Promise<Answer> {
  const headers = { cookie, accept: 'application/json', 'sec-fetch-mode': 'cors' }
  const { statusCode, headers: received, body } = await request(url, { headers, dispatcher })
  return { status: statusCode, headers: received, text: await body.text() }
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the gateway at ${url} ended at the start`)
    const answer = await ask(`${url}/.stagedoor/health/live`, '').catch(() => undefined)
    return answer?.status === 200
  })
}
