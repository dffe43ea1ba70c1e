import { pino } from 'pino'
import { AggregatorRegistry, Registry } from 'prom-client'
import t from 'tap'

import { buildAdminApp } from '../../../src/process/admin-app.ts'
import { refusalFor, showLastReload } from '../../../src/process/last-reload.ts'
import { createQuestions, type Questions } from '../../../src/process/workers/ask-workers.ts'
import { createKeptCounts, answerPrimary, mergedAnswers } from '../../../src/process/workers/merged-answers.ts'
import type { Condition } from '../../../src/telemetry/condition.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const refusal = refusalFor('the port is taken')

/** A worker without a process that answers the primary asynchronously. */
function join(questions: Questions, worker: number, status: Condition['status'], levels: string[] = []): void {
  const answers = new Map<string, (detail: string) => unknown>()
  questions.join(worker, (message) => {
    if (message.kind !== 'ask') return
    const given = Promise.resolve(answers.get(message.topic)?.(message.detail))
    void given.then((value) => questions.answer(worker, message.question, value))
  })
  const metrics = createMetrics()
  metrics.decided('allow', 'none', 200, 0.01)
  metrics.showConditions([{ name: 'auth0', status }])
  const conditions = (): Condition[] => [{ name: 'auth0', status }]
  const secrets = async () => [{ 'auth0.clientSecrets': [status] }]
  const setLogLevel = async (level: string) => void levels.push(level)
  const channel = { answer: (topic: string, give: (detail: string) => unknown) => void answers.set(topic, give) }
  answerPrimary(channel, { conditions, scrape: async () => metrics.registry, secrets, setLogLevel })
}

function startWorkers(count = 2) {
  const questions = createQuestions()
  join(questions, 1, 'ok')
  join(questions, 2, 'degraded')
  return { questions, count: () => count, serving: () => [1, 2], replaced: () => 3 }
}

t.test('readiness has the number of serving workers and the worst of their conditions', async (t) => {
  const auth0 = { name: 'auth0', status: 'degraded' }
  const all = await mergedAnswers(startWorkers()).conditions()
  t.same(all, [{ name: 'workers', status: 'ok' }, auth0])

  const fewer = await mergedAnswers(startWorkers(3)).conditions()
  t.same(fewer, [{ name: 'workers', status: 'degraded', reason: '2 of 3 workers serve' }, auth0])

  const nobody = { ...startWorkers(), questions: createQuestions(), serving: () => [] }
  const none = await mergedAnswers(nobody).conditions()
  t.same(none, [{ name: 'workers', status: 'unavailable', reason: '0 of 2 workers serve' }])
})

t.test('the log level is set in every worker', async (t) => {
  const workers = startWorkers()
  const levels: string[] = []
  join(workers.questions, 3, 'ok', levels)
  await mergedAnswers(workers).setLogLevel('debug')
  t.same(levels, ['debug'])
})

t.test('the secrets in force are shown for each process', async (t) => {
  t.same(await mergedAnswers(startWorkers()).secrets(), [
    { 'auth0.clientSecrets': ['ok'] },
    { 'auth0.clientSecrets': ['degraded'] },
  ])
})

t.test('while a worker does not answer, the secrets in force are unknown for the whole', async (t) => {
  const workers = startWorkers()
  const app = await buildAdminApp(mergedAnswers(workers), () => '', pino({ level: 'silent' }))
  t.teardown(() => app.close())
  const { questions } = workers
  questions.join(3, (message) => message.kind === 'ask' && questions.answer(3, message.question, undefined))
  t.equal((await app.inject('/secrets')).statusCode, 503)
  questions.leave(3)
  t.equal((await app.inject('/secrets')).json().processes.length, 2)
})

t.test('counts of all workers are added up, and conditions show the worst', async (t) => {
  const registry = await mergedAnswers(startWorkers()).scrape()
  const text = await registry.metrics()
  t.match(text, 'stagedoor_requests_total{outcome="allow",reason="none",status="2xx"} 2')
  t.match(text, 'stagedoor_condition_ok{name="auth0"} 0')
  t.match(text, 'stagedoor_workers 2')
  t.match(text, 'stagedoor_workers_replaced_total 3')
})

t.test('the configuration shows the worst outcome of all workers and the oldest time of taking effect', async (t) => {
  const registries = [{ inForceSince: 1_700_000_000_500, refusal }, { inForceSince: 1_800_000_000_000 }].map(
    (reading) => {
      const registry = new Registry()
      showLastReload(registry, () => reading)
      return registry.getMetricsAsJSON()
    },
  )
  const all = await AggregatorRegistry.aggregate(await Promise.all(registries)).metrics()
  t.match(all, 'stagedoor_config_last_reload_successful 0')
  t.match(all, 'stagedoor_config_last_reload_success_timestamp_seconds 1700000000.5')
})

t.test('counts of a starting or ending worker are included, and its conditions are not', async (t) => {
  const workers = startWorkers()
  join(workers.questions, 3, 'unavailable')

  const shown = mergedAnswers(workers)
  t.same(await shown.conditions(), [
    { name: 'workers', status: 'ok' },
    { name: 'auth0', status: 'degraded' },
  ])
  const text = await (await shown.scrape()).metrics()
  t.match(text, 'stagedoor_requests_total{outcome="allow",reason="none",status="2xx"} 3')
  t.match(text, 'stagedoor_workers 2')
  t.equal((await shown.secrets())?.length, 3)
})

t.test('counters never fall: the counts of an ended worker are kept once', async (t) => {
  const workers = startWorkers()
  const shown = mergedAnswers(workers)
  const allowed = async () =>
    /outcome="allow",reason="none",status="2xx"\} (\d+)/.exec(await (await shown.scrape()).metrics())?.[1]
  t.equal(await allowed(), '2')
  workers.questions.leave(2)
  t.equal(await allowed(), '2')
  t.equal(await allowed(), '2', 'not once more at every look')
  const text = await (await shown.scrape()).metrics()
  t.match(text, 'stagedoor_request_duration_seconds_count 2')
  t.match(text, 'stagedoor_condition_ok{name="auth0"} 1', 'how it was there is of no interest any more')
})

t.test('a worker that does not answer in time is represented by its last answer', async (t) => {
  const kept = createKeptCounts()
  const counted = await createMetrics().registry.getMetricsAsJSON()
  const both = new Map([
    [1, counted],
    [2, counted],
  ])
  t.equal((await kept.withAll(both, [1, 2])).length, 3)
  t.equal((await kept.withAll(new Map([[1, counted]]), [1, 2])).length, 3)
})
