import { fork } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'

import t from 'tap'

import { createQuestions } from '../../../src/process/workers/ask-workers.ts'
import { isOurs, type ToPrimary } from '../../../src/process/workers/channel.ts'
import { countFailure, restartDelayMs } from '../../../src/process/workers/supervisor.ts'
import { endWithUs } from '../../support/children.ts'

t.test('a worker that ran for long is replaced at once, one that keeps failing with growing delays', async (t) => {
  const rows: [lifetimeMs: number, failuresBefore: number, delayMs: number][] = [
    [60_000, 9, 0],
    [100, 0, 0],
    [100, 1, 100],
    [100, 2, 200],
    [100, 20, 10_000],
  ]
  for (const [lifetimeMs, before, delayMs] of rows) {
    t.equal(restartDelayMs(countFailure(lifetimeMs, before)), delayMs, `${lifetimeMs} ms, ${before} before`)
  }
})

t.test('foreign messages are recognized and ignored', async (t) => {
  t.ok(isOurs({ kind: 'ready' }))
  for (const message of [undefined, null, 'ready', { cmd: 'NODE_CLUSTER' }, { kind: 1 }]) t.notOk(isOurs(message))
})

t.test('a question completes when every worker has answered, ended or timed out', async (t) => {
  const questions = createQuestions()
  t.same(await questions.ask('metrics', 60_000), new Map(), 'by no worker at once')
  for (const worker of [1, 2, 3]) {
    questions.join(worker, (message) => {
      if (message.kind !== 'ask') return
      if (worker === 1) questions.answer(1, message.question, 'one')
      if (worker === 2) questions.leave(2)
      if (worker === 3 && message.topic === 'conditions') questions.answer(3, message.question, 'three')
    })
  }
  const answers = await questions.ask('conditions', 60_000)
  t.same(
    [...answers],
    [
      [1, 'one'],
      [3, 'three'],
    ],
  )
  t.same([...(await questions.ask('metrics', 1))], [[1, 'one']], 'one that is silent is left out')
  t.same(questions.workers(), [1, 3])
})

t.test('a late answer to a closed question does not answer the next one', async (t) => {
  const questions = createQuestions()
  const asked: number[] = []
  questions.join(1, (message) => void (message.kind === 'ask' && asked.push(message.question)))
  t.same(await questions.ask('metrics', 1), new Map())
  const second = questions.ask('metrics', 60_000)
  for (const question of asked) questions.answer(1, question, `to ${question}`)
  t.same(await second, new Map([[1, 'to 2']]))
})

t.test('a worker that fails to answer reports it at once, and answers the next question', async (t) => {
  const worker = fork(join(import.meta.dirname, 'failing-worker.ts'))
  endWithUs(worker)
  t.teardown(() => worker.kill())
  const answers = new Map<number, unknown>()
  for await (const [message] of on(worker, 'message', { close: ['exit'] }) as AsyncIterable<[ToPrimary]>) {
    if (message.kind === 'answer') answers.set(message.question, message.value)
    if (answers.size === 2) worker.disconnect()
    if (message.kind !== 'ready') continue
    worker.send('what node:cluster and others send to each other is not for us')
    worker.send({ kind: 'ask', question: 1, topic: 'secrets', detail: '' })
    worker.send({ kind: 'ask', question: 2, topic: 'conditions', detail: '' })
  }
  t.equal(answers.get(1), undefined)
  t.same(answers.get(2), [])
  t.equal(answers.size, 2)
})

t.test('a worker starts with the configuration of the primary, and ends once the primary has settled', async (t) => {
  const worker = fork(join(import.meta.dirname, 'settling-worker.ts'))
  endWithUs(worker)
  t.teardown(() => worker.kill())
  const texts = [['a.yaml', 'server: {}']]
  worker.send({ kind: 'begin', texts, listen: { host: '127.0.0.1', port: 8080 } })
  const kinds: string[] = []
  const answers: unknown[] = []
  for await (const [message] of on(worker, 'message', { close: ['exit'] }) as AsyncIterable<[ToPrimary]>) {
    kinds.push(message.kind)
    if (message.kind === 'settle') worker.send({ kind: 'ask', question: 1, topic: 'secrets', detail: '' })
    if (message.kind !== 'answer') continue
    answers.push(message.value)
    worker.send({ kind: 'settled' })
  }
  t.same(kinds, ['ready', 'settle', 'answer'])
  t.same(answers, [texts])
  t.equal(worker.exitCode, 0)
})
