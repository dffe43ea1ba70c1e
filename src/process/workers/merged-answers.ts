import { AggregatorRegistry, Counter, Gauge, type Registry } from 'prom-client'

import type { SecretFingerprints } from '../../config/secret-fingerprints.ts'
import type { Condition } from '../../telemetry/condition.ts'
import type { Shown } from '../admin-app.ts'
import type { Channel } from './channel.ts'
import { type Counted, createKeptCounts } from './ended-workers-counts.ts'
import type { Supervisor } from './supervisor.ts'

const answerTimeoutMs = 2_000

/** The worker's side: answers the primary with its own conditions and metrics. */
export function answerPrimary(
  channel: Pick<Channel, 'answer'>,
  { conditions, scrape, secrets, setLogLevel }: Shown,
): void {
  channel.answer('conditions', conditions)
  channel.answer('metrics', async () => (await scrape()).getMetricsAsJSON())
  channel.answer('secrets', secrets)
  channel.answer('log-level', setLogLevel)
}

type Watched = Pick<Supervisor, 'questions' | 'replaced' | 'count' | 'serving'>

/** The primary's side: what all workers have to show, together. */
export function shownByAll({ questions, replaced, count, serving }: Watched): Shown {
  const kept = createKeptCounts()
  // Workers that are ending say nothing of what clients get.
  const fromServing = (answers: ReadonlyMap<number, unknown>): unknown[] =>
    serving().flatMap((worker) => (answers.has(worker) ? [answers.get(worker)] : []))

  return {
    async conditions() {
      const answers = fromServing(await questions.ask('conditions', answerTimeoutMs)) as Condition[][]
      return [workersCondition(answers.length, count()), ...worstOfEach(answers.flat())]
    },
    async scrape() {
      const answers = await questions.ask('metrics', answerTimeoutMs)
      const all = await kept.withAll(answers as Map<number, Counted>, questions.workers())
      const registry: Registry = AggregatorRegistry.aggregate(all)
      showWorkers(registry, fromServing(answers).length, replaced())
      return registry
    },
    // Workers that start or end count too: they may serve a request still.
    async secrets() {
      const answers = await questions.ask('secrets', answerTimeoutMs)
      return ([...answers.values()] as SecretFingerprints[][]).flat()
    },
    async setLogLevel(level) {
      await questions.ask('log-level', answerTimeoutMs, level)
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
