import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import type { Options } from './options.ts'
import { nginxCommand } from './origin/nginx.ts'
import { freePort, type Running, startOn } from './process.ts'

/** One core for what is measured, one for everything else. */
export const cores = { candidate: 0, rest: 1 }

export type OriginKind = 'static' | 'dynamic'
export type Origins = Record<OriginKind, string> & { folder: string; stop(): Promise<void> }

/** What is measured: a process of ours before one of the origins, or a peer of which only the URL is known. */
export type Contestant = { name: string; url: string; cookie: string | undefined; running: Running | undefined }

export async function startOrigins(options: Options): Promise<Origins> {
  const staticPort = options.originPort || (await freePort())
  const dynamicPort = options.originPort ? options.originPort + 1 : await freePort()
  const { command, folder } = await nginxCommand(staticPort)
  const node = [process.execPath, join(import.meta.dirname, 'origin', 'node-origin.ts')]
  const dynamic = await startOn(node, { core: cores.rest, announces: true, env: { BENCH_PORT: String(dynamicPort) } })
  const nginx = hasNginx()
    ? await startOn(command, { core: cores.rest, announces: false })
    : await startOn(node, { core: cores.rest, announces: true, env: { BENCH_PORT: String(staticPort) } })
  return {
    static: `http://127.0.0.1:${staticPort}`,
    dynamic: `http://127.0.0.1:${dynamicPort}`,
    folder,
    async stop() {
      await Promise.all([nginx.stop(), dynamic.stop()])
    },
  }
}

/** Starts every candidate before one origin; they wait idle while another is measured. */
export async function startContestants(options: Options, origins: Origins, kind: OriginKind): Promise<Contestant[]> {
  const contestants: Contestant[] = []
  for (const name of options.candidates) {
    const port = await freePort()
    const profile = options.isProfiled
      ? ['--cpu-prof', '--cpu-prof-dir', join(import.meta.dirname, 'profiles', name)]
      : []
    const script = join(import.meta.dirname, 'candidates', `${name}.ts`)
    const command = [process.execPath, '--max-http-header-size=65536', ...profile, script]
    const env = { BENCH_PORT: String(port), BENCH_ORIGIN: origins[kind], NODE_ENV: 'production' }
    const running = await startOn(command, { core: cores.candidate, announces: true, env })
    const { cookie } = running.announcement
    contestants.push({
      name,
      url: `http://127.0.0.1:${port}`,
      cookie: typeof cookie === 'string' ? cookie : undefined,
      running,
    })
  }
  const peers = options.peers.map(({ name, url }) => ({ name, url, cookie: options.cookie, running: undefined }))
  return [...contestants, ...peers]
}

function hasNginx(): boolean {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
