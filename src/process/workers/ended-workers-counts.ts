import { AggregatorRegistry } from 'prom-client'

/** What one worker counted, as prom-client gives it from one process to another; its types say another `type`. */
export type Counted = readonly { type: unknown }[]

export type KeptCounts = {
  /**
   * @param answers what workers say now, by worker
   * @param running the running workers; for one that is too busy to answer, its last answer counts
   * @returns what all have counted since the start, those that are gone included
   */
  withAll(answers: ReadonlyMap<number, Counted>, running: readonly number[]): Promise<Counted[]>
}

/**
 * Keeps what workers counted that are gone. Prometheus takes a counter that falls for one that began anew, and would count
 * what the others counted twice. What a worker counted after it was last asked is lost with it.
 */
export function createKeptCounts(): KeptCounts {
  const latest = new Map<number, Counted>()
  let gone: Counted = []

  return {
    async withAll(answers, running) {
      for (const [worker, counted] of answers) latest.set(worker, counted)
      const left = [...latest].filter(([worker]) => !running.includes(worker) && !answers.has(worker))
      for (const [worker] of left) latest.delete(worker)
      const shown = [...latest.values()]
      if (left.length > 0) gone = await sumOf([gone, ...left.map(([, counted]) => counted.filter(isCount))])
      return [gone, ...shown]
    },
  }
}

const isCount = ({ type }: Counted[number]): boolean => type === 'counter' || type === 'histogram'

async function sumOf(all: readonly Counted[]): Promise<Counted> {
  return AggregatorRegistry.aggregate([...all]).getMetricsAsJSON()
}
