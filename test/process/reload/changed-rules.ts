import type { Cluster } from '../../support/cluster.ts'
import { until } from '../../support/until.ts'

/** The rule that clusters start with. */
export const everything = { name: 'everything', path: '/**', allow: 'authenticated' }
/** Put before it, one path is shut. */
export const closed = { name: 'closed', path: '/closed', allow: { roles: ['nobody'] } }

/** With two workers taking turns, so many connections reach both. */
export const several = Array.from({ length: 8 })

/** One process, and several. */
export const sizes = [1, 2]

export const answersTo = async (cluster: Cluster, path: string, cookie: string): Promise<Set<number>> =>
  new Set(await Promise.all(several.map(async () => (await cluster.ask(path, { cookie })).status)))

/** The audit records about the configuration and its secrets. */
export const changesIn = (cluster: Cluster): unknown[] =>
  cluster.records.flatMap(({ audit }) => {
    const { event, change } = audit as { event: string; change?: unknown }
    return event === 'config' || event === 'secret' ? [change] : []
  })

/** SIGHUP, until every process has said what became of it. */
export async function hangUp(cluster: Cluster, processes: number, action = 'changed'): Promise<void> {
  const before = changesIn(cluster).length
  cluster.hangUp()
  await until(() => {
    const changes = changesIn(cluster).slice(before) as { action: string; what: string }[]
    // Where only secrets change there is no other record.
    return ['configuration', 'secrets of the configuration'].some(
      (what) => changes.filter((change) => change.what === what && change.action === action).length >= processes,
    )
  })
}
