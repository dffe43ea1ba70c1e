import type { Cluster } from '../../support/cluster.ts'
import { until } from '../../support/until.ts'

/** The rule that clusters start with. */
export const everything = { name: 'everything', path: '/**', allow: 'authenticated' }
/** Put before it, one path is shut. */
export const closed = { name: 'closed', path: '/closed', allow: { roles: ['nobody'] } }

/** With two workers taking turns, so many connections reach both. */
export const several = Array.from({ length: 8 })

export const answersTo = async (cluster: Cluster, path: string, cookie: string): Promise<Set<number>> =>
  new Set(await Promise.all(several.map(async () => (await cluster.ask(path, { cookie })).status)))

export async function untilOnlyOthersRun(cluster: Cluster, before: readonly number[], count: number): Promise<void> {
  await until(async () => {
    const now = await cluster.workers()
    return now.length === count && !now.some((pid) => before.includes(pid))
  })
}
