import { AggregatorRegistry, Counter, Gauge, type Registry } from 'prom-client'

import type { Shown } from '../admin-app.ts'
import type { Condition } from '../health/plugin.ts'
import { type Counted, createKeptCounts } from './kept-counts.ts'
import type { Peers } from './peers.ts'
import type { Supervisor } from './supervisor.ts'

const conditionsTopic = 'conditions'
const metricsTopic = 'metrics'
const answerTimeoutMs = 2_000

/** A worker's side: gives what it has to show to the primary. */
export function giveShown(peers: Peers, { conditions, scrape }: Shown): void {
  peers.answer(conditionsTopic, conditions)
  peers.answer(metricsTopic, async () => (await scrape()).getMetricsAsJSON())
}

/** The primary's side: what all workers have to show, together. */
export function shownByAll({ board, replaced }: Pick<Supervisor, 'board' | 'replaced'>, count: number): Shown {
  const kept = createKeptCounts()
  return {
    async conditions() {
      const answers = [...(await board.ask(conditionsTopic, answerTimeoutMs)).values()] as Condition[][]
      return [workersCondition(answers.length, count), ...worstOfEach(answers.flat())]
    },
    async scrape() {
      const answers = await board.ask(metricsTopic, answerTimeoutMs)
      const all = await kept.withAll(answers as Map<number, Counted>, board.workers())
      const registry: Registry = AggregatorRegistry.aggregate(all)
      showWorkers(registry, answers.size, replaced())
      return registry
    },
  }
}

function showWorkers(registry: Registry, serving: number, replaced: number): void {
  const registers = [registry]
  const help = 'Workers that serve; fewer than server.workers while one is replaced.'
  new Gauge({ name: 'stagedoor_workers', help, registers }).set(serving)
  const replacedHelp = 'Workers that ended by themselves and were replaced.'
  new Counter({ name: 'stagedoor_workers_replaced_total', help: replacedHelp, registers }).inc(replaced)
}

/** One of each name: the one that is in the worst way. */
export function worstOfEach(conditions: readonly Condition[]): Condition[] {
  const order = ['ok', 'degraded', 'unavailable']
  const worst = new Map<string, Condition>()
  for (const condition of conditions) {
    const known = worst.get(condition.name)
    if (known === undefined || order.indexOf(condition.status) > order.indexOf(known.status)) {
      worst.set(condition.name, condition)
    }
  }
  return [...worst.values()]
}

function workersCondition(running: number, count: number): Condition {
  if (running === count) return { name: 'workers', status: 'ok' }
  const reason = `${running} of ${count} workers serve`
  return { name: 'workers', status: running === 0 ? 'unavailable' : 'degraded', reason }
}
