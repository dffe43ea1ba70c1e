import { AggregatorRegistry, Counter, Gauge, type Registry } from 'prom-client'

import type { SecretFingerprints } from '../../config/fingerprints.ts'
import { counted } from '../../config/values/quantities.ts'
import { type Condition, worstOfEach } from '../../telemetry/condition.ts'
import type { AdminAnswers } from '../admin-app.ts'
import type { Channel } from './channel.ts'
import type { Supervisor } from './supervisor.ts'

const answerTimeoutMs = 2_000

/** The worker's side: answers the primary's questions about this process. */
export function answerPrimary(
  channel: Pick<Channel, 'answer'>,
  { conditions, scrape, secrets, setLogLevel }: AdminAnswers,
): void {
  channel.answer('conditions', conditions)
  channel.answer('metrics', async () => (await scrape()).getMetricsAsJSON())
  channel.answer('secrets', secrets)
  channel.answer('log-level', setLogLevel)
}

type Watched = Pick<Supervisor, 'questions' | 'replaced' | 'count' | 'serving'>

/** The primary's side: the answers of all workers together. */
export function mergedAnswers({ questions, replaced, count, serving }: Watched): AdminAnswers {
  const kept = createKeptCounts()
  // Ignore the answers of workers that are ending: clients no longer reach them.
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
    // Include workers that are starting or ending: they may still serve a request.
    async secrets() {
      const answers = await questions.ask('secrets', answerTimeoutMs)
      if (!questions.workers().every((worker) => answers.has(worker))) return undefined
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

function workersCondition(running: number, count: number): Condition {
  if (running === count) return { name: 'workers', status: 'ok' }
  const reason = `${running} of ${counted(count, 'worker serves', 'workers serve')}`
  return { name: 'workers', status: running === 0 ? 'unavailable' : 'degraded', reason }
}

/** The metrics of one worker, in the form that prom-client sends between processes. prom-client's own type for `type` is wrong. */
type Counted = readonly { type: unknown }[]

/**
 * Keeps the counts of workers that have ended. Without them the sum would fall; Prometheus would read that as a restart and
 * count the other workers twice. Counts since the last answer of a worker that has ended are lost.
 */
export function createKeptCounts() {
  const latest = new Map<number, Counted>()
  let gone: Counted = []

  return {
    /**
     * @param answers the present answers, by worker id
     * @param running the running workers; for one that is too busy to answer, its last answer counts
     * @returns the counts of all workers since the start, including those that have ended
     */
    async withAll(answers: ReadonlyMap<number, Counted>, running: readonly number[]): Promise<Counted[]> {
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
