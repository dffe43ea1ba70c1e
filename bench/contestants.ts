import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { carrierNames, type Options, otherWayNames } from './options.ts'
import { nginxCommand } from './origin/nginx.ts'
import { freePort, nodeCommand, type Running, startOn } from './process.ts'
import { startRedis } from './redis.ts'

/** One core for the measured process, one for everything else. */
export const cores = { candidate: 0, rest: 1 }

export type OriginKind = 'static' | 'dynamic'
export type Origins = Record<OriginKind, string> & {
  folder: string
  /** Process of the static origin. */
  pid: number
  /** Undefined where no redis-server is installed. */
  redisUrl: string | undefined
  stop(): Promise<void>
}

/** A server to measure: a process of ours before one of the origins, or a peer of which only the URL is known. */
export type Contestant = {
  name: string
  url: string
  /** The path to request, instead of the case's path. */
  path?: string
  /** `Name: value` each. */
  headers: readonly string[]
  running: Running | undefined
}

export async function startOrigins({ originPort }: Pick<Options, 'originPort'>): Promise<Origins> {
  const staticPort = originPort || (await freePort())
  const dynamicPort = originPort ? originPort + 1 : await freePort()
  const { command, folder } = await nginxCommand(staticPort)
  const node = [process.execPath, join(import.meta.dirname, 'origin', 'node-origin.ts')]
  const dynamic = await startOn(node, { core: cores.rest, announces: true, env: { BENCH_PORT: String(dynamicPort) } })
  const first = hasNginx()
    ? await startOn(command, { core: cores.rest, announces: false })
    : await startOn(node, { core: cores.rest, announces: true, env: { BENCH_PORT: String(staticPort) } })
  const redis = await startRedis(folder, cores.rest).catch(() => undefined)
  return {
    static: `http://127.0.0.1:${staticPort}`,
    dynamic: `http://127.0.0.1:${dynamicPort}`,
    folder,
    pid: first.pid,
    redisUrl: redis?.url,
    async stop() {
      await Promise.all([first.stop(), dynamic.stop(), redis?.stop()])
    },
  }
}

/** The candidates of cases with small answers; forward-auth has no other answers. */
export const inSmallCases = ({ candidates }: Options): readonly string[] =>
  candidates ?? [...carrierNames, ...otherWayNames]

/** The candidates of cases in which requests and answers are carried. */
export const inCarryingCases = ({ candidates }: Options): readonly string[] =>
  (candidates ?? carrierNames).filter((name) => name !== 'stagedoor-forward-auth')

export const peersOf = ({ peers, cookie }: Options): Contestant[] =>
  peers.map(({ name, url }) => ({
    name,
    url,
    headers: cookie === undefined ? [] : [`Cookie: ${cookie}`],
    running: undefined,
  }))

export type CandidateOptions = {
  origins: Origins
  kind: OriginKind
  isProfiled?: boolean
  /** Where the candidates are, of this commit or of another. */
  folder?: string
}

/** @throws when it does not start */
export async function startCandidate(name: string, options: CandidateOptions): Promise<Contestant> {
  const { origins, kind, isProfiled = false, folder = join(import.meta.dirname, 'candidates') } = options
  if (name === 'stagedoor-redis' && origins.redisUrl === undefined) throw new Error('there is no redis-server')
  const port = await freePort()
  const profile = isProfiled ? ['--cpu-prof', '--cpu-prof-dir', join(import.meta.dirname, 'profiles', name)] : []
  const command = [...nodeCommand, '--max-http-header-size=65536', ...profile, join(folder, `${name}.ts`)]
  const env = { BENCH_PORT: String(port), BENCH_ORIGIN: origins[kind], BENCH_REDIS: origins.redisUrl ?? '' }
  const running = await startOn(command, {
    core: cores.candidate,
    announces: true,
    env: { ...env, NODE_ENV: 'production' },
  })
  return { name, url: `http://127.0.0.1:${port}`, running, ...announced(running.announcement) }
}

function announced({ cookie, token, headers, path }: Running['announcement']) {
  const credentials = [
    ...(typeof cookie === 'string' ? [`Cookie: ${cookie}`] : []),
    ...(typeof token === 'string' ? [`Authorization: Bearer ${token}`] : []),
  ]
  const all = [...credentials, ...(Array.isArray(headers) ? headers.map(String) : [])]
  return typeof path === 'string' ? { headers: all, path } : { headers: all }
}

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
