import { readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Test } from 'tap'

import { temporaryFolder } from '../audit/support.ts'
import type { Replica, Replicas } from '../support/replicas.ts'
import { until } from '../support/until.ts'
import type { DrillReport } from './support.ts'

/** The resources of a process, by kind. */
export type Resources = Record<
  'timers' | 'heapBytes' | 'descriptors' | 'sockets' | 'children' | 'redisConnections',
  number
>

/** Permitted growth of each kind, for pools that are not empty yet and caches that fill. */
const slack: Resources = {
  timers: 5,
  heapBytes: 24 * 1_048_576,
  descriptors: 5,
  sockets: 5,
  children: 0,
  redisConnections: 0,
}

/** Idle connections to upstreams stay open for four seconds. */
const atRestAfterMs = 6_000

/** Load this file into each measured process. */
export const countResources = join(import.meta.dirname, 'count-resources.ts')

export type LeakCheck = {
  /** Measures the resources of the process after its idle connections have closed. */
  measureAtRest(replica: Replica): Promise<Resources>
  /** Waits until the process holds no more than before. Counts and reports resources that stay. */
  judge(replica: Replica, before: Resources | undefined): Promise<void>
  /**
   * Searches a snapshot of the heap for data of requests. Growth cannot reveal a few thousand requests: the
   * heap varies by more than they occupy.
   * @param mark matches once for each request
   * @returns how many of the requests the process still holds
   */
  heldRequests(replica: Replica, mark: RegExp): Promise<number>
}

/** Call this before the processes start: they get the folder from their environment. */
export async function createLeakCheck(t: Test, stack: () => Replicas, report: () => DrillReport): Promise<LeakCheck> {
  const folder = await temporaryFolder(t)
  process.env['DRILL_RESOURCES'] = folder

  async function measure(replica: Replica): Promise<Resources> {
    const pid = replica.pid()
    const file = join(folder, `${pid}.json`)
    await rm(file, { force: true })
    process.kill(pid, 'SIGUSR2')
    let own: Pick<Resources, 'timers' | 'heapBytes'> | undefined
    await until(async () => {
      own = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
      return own !== undefined
    })
    const { timers = 0, heapBytes = 0 } = own ?? {}
    const links = await linksOf(pid)
    return {
      timers,
      heapBytes,
      descriptors: links.length,
      sockets: links.filter((link) => link.startsWith('socket:')).length,
      children: await childrenOf(pid),
      redisConnections: await connectionsOf(stack()),
    }
  }

  async function judge(replica: Replica, before: Resources = nothing): Promise<void> {
    let after = await measure(replica)
    const grown = () => kinds.filter((kind) => after[kind] > before[kind] + slack[kind])
    await until(async () => {
      after = await measure(replica)
      return grown().length === 0
    }, 500).catch(() => undefined)
    report().leaks += grown().length
    const figures = kinds.map((kind) => `${kind} ${before[kind]} → ${after[kind]}`).join(', ')
    t.same(grown(), [], `${replica.url} holds no more than before: ${figures}`)
    t.comment(figures)
  }

  async function measureAtRest(replica: Replica): Promise<Resources> {
    let last = await measure(replica)
    let since = performance.now()
    await until(async () => {
      const now = await measure(replica)
      if (now.sockets !== last.sockets) since = performance.now()
      last = now
      return performance.now() - since > atRestAfterMs
    }, 500)
    return last
  }

  async function heldRequests(replica: Replica, mark: RegExp): Promise<number> {
    const wish = join(folder, 'snapshot')
    const file = join(folder, `${replica.pid()}.heapsnapshot`)
    await writeFile(wish, '')
    process.kill(replica.pid(), 'SIGUSR2')
    let text = ''
    await until(async () => {
      text = await readFile(file, 'latin1').catch(() => '')
      return text !== ''
    })
    await Promise.all([rm(wish), rm(file)])
    return new Set(text.match(mark)).size
  }

  return { measureAtRest, judge, heldRequests }
}

const nothing: Resources = { timers: 0, heapBytes: 0, descriptors: 0, sockets: 0, children: 0, redisConnections: 0 }
const kinds = Object.keys(slack) as (keyof Resources)[]

async function linksOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  // A descriptor may close before it is read.
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
  return links.filter(Boolean)
}

async function childrenOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).length
}

/** Counts the connections of all processes, except for the one that asks. */
async function connectionsOf({ redis }: Replicas): Promise<number> {
  return Number(/connected_clients:(\d+)/.exec(await redis.command('INFO', 'clients'))?.[1] ?? 0)
}
