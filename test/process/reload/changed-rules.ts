import type { Cluster } from '../../support/cluster.ts'
import { until } from '../../support/until.ts'

/** The rule that clusters start with. */
export const everything = { name: 'everything', path: '/**', allow: 'authenticated' }
/** This rule, placed before it, closes one path. */
export const closed = { name: 'closed', path: '/closed', allow: { roles: ['nobody'] } }

/** Enough connections to reach both of two workers, which take turns. */
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

/** Sends SIGHUP and waits until every process has logged the outcome. */
export async function hangUp(cluster: Cluster, processes: number, action = 'changed'): Promise<void> {
  const before = changesIn(cluster).length
  cluster.hangUp()
  await until(() => {
    const changes = changesIn(cluster).slice(before) as { action: string; what: string }[]
    // A change of secrets only has no other record.
    return ['configuration', 'secrets of the configuration'].some(
      (what) => changes.filter((change) => change.what === what && change.action === action).length >= processes,
    )
  })
}
