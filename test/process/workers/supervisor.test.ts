import t from 'tap'

import { Supervisor, type SupervisorOptions } from '../../../src/process/workers/supervisor.ts'
import { until } from '../../support/until.ts'
import { createFakeWorkers } from './fake-workers.ts'

const listen = { host: '127.0.0.1', port: 8080 }
const before = { count: 2, texts: new Map([['a.yaml', 'before']]), listen }
const after = { count: 3, texts: new Map([['a.yaml', 'after']]), listen }
const words = (text: string) => [{ kind: 'begin', texts: [['a.yaml', text]], listen, refusal: undefined }]

function startSupervisor(options: Partial<SupervisorOptions> & { isObedient?: boolean } = {}) {
  const workers = createFakeWorkers(options)
  const logged: object[] = []
  const logger = { error: (facts: object, message: string) => void logged.push({ ...facts, message }) } as never
  const supervisor = new Supervisor({ ...before, fork: workers.fork, logger, now: () => 0, ...options })
  const listen = (...places: number[]): void => places.forEach((place) => workers.at(place).listen())
  return { ...workers, listen, supervisor, logged }
}

async function startServing(options?: Parameters<typeof startSupervisor>[0]) {
  const stack = startSupervisor(options)
  stack.listen(0, 1)
  await stack.supervisor.started
  return stack
}

t.test('the first message to a new or replacing worker is the configuration that was read', async (t) => {
  const { supervisor, all, at, logged } = await startServing()
  t.same(supervisor.serving(), [1, 2])
  at(0).die({ code: 0, signal: 'SIGKILL' })
  await until(() => all.length === 3)
  t.same(
    all.map(({ received }) => received),
    [words('before'), words('before'), words('before')],
  )
  t.same(supervisor.serving(), [2])
  t.equal(supervisor.replaced(), 1)
  t.match(logged, [{ pid: 1000, signal: 'SIGKILL', failuresInARow: 1, delayMs: 0, message: 'a new one replaces it' }])
  at(2).listen()
  t.same(supervisor.serving(), [2, 3])
})

t.test('workers that keep failing are restarted with growing delays, and the log says so', async (t) => {
  const { supervisor, all, at, logged } = await startServing()
  for (let place = 1; place <= 4; place += 1) {
    at(place).die()
    await until(() => all.length === place + 2)
  }
  t.match(
    logged.map((line) => (line as { delayMs: number }).delayMs),
    [0, 100, 200, 400],
  )
  t.match(logged.at(-1), { failuresInARow: 4, message: 'keep ending soon after their start' })
  t.equal(supervisor.replaced(), 4)
})

t.test('a first worker that ends before it listens is an error, and is not replaced', async (t) => {
  const { supervisor, all, at, logged } = startSupervisor()
  at(0).listen()
  at(1).die()
  await t.rejects(supervisor.started, { message: 'a worker ended at the start' })
  t.equal(all.length, 2)
  t.match(logged, [{ pid: 1001, code: 1, message: 'a worker ended at the start' }])
})

t.test('new workers get the configuration in force and the refusal of later files', async (t) => {
  const { supervisor, all, at } = await startServing()
  const refusal = { summary: 'a.yaml:3', places: ['a.yaml:3'] }
  supervisor.use(after)
  supervisor.noteRefusal(refusal)
  at(0).die()
  await until(() => all.length === 4)
  t.same(at(2).received, words('after'), 'one more, at once')
  t.same(at(3).received, [{ kind: 'begin', texts: [['a.yaml', 'after']], listen, refusal }])
  t.same([at(0).sigterms, at(1).sigterms], [0, 0], 'those that serve have taken it up')
})

t.test('surplus workers end and are not replaced', async (t) => {
  const { supervisor, all, logged } = await startServing()
  supervisor.use({ ...before, count: 1 })
  t.same(
    all.map(({ sigterms }) => sigterms),
    [0, 1],
  )
  t.same([supervisor.serving(), supervisor.count()], [[1], 1])
  await until(() => supervisor.questions.workers().length === 1)
  t.same([all.length, supervisor.replaced(), logged], [2, 0, []], 'an end that was asked for is no crash')
})

t.test('a worker that started with an outdated configuration is replaced as soon as it listens', async (t) => {
  const { supervisor, all, at } = await startServing()
  at(0).die()
  await until(() => all.length === 3)
  supervisor.use({ ...after, count: 2 })
  at(2).listen()
  t.equal(at(2).sigterms, 1)
  await until(() => all.length === 4)
  t.same(at(3).received, words('after'))
  at(3).listen()
  t.same(supervisor.serving(), [2, 4])
  t.equal(supervisor.replaced(), 1)
})

t.test('a worker that cannot apply a configuration is replaced once', async (t) => {
  const { supervisor, all, at } = await startServing({ isObedient: false })
  supervisor.renew(1)
  supervisor.renew(1)
  supervisor.renew(77)
  t.same([at(0).sigterms, all.length, supervisor.serving()], [1, 3, [2]])
})

t.test('a delayed start of a worker is cancelled at the shutdown', async (t) => {
  const { supervisor, all, at } = await startServing()
  at(0).die()
  await at(0).ended
  t.equal(supervisor.replaced(), 1)
  await supervisor.close()
  // Timers with equal delays run in order: this one was set after the worker's.
  await new Promise((resolve) => setTimeout(resolve, 0))
  t.equal(all.length, 2)
})

t.test('closing ends serving, ending and starting workers, and notifies each once', async (t) => {
  const { supervisor, all } = await startServing({ isObedient: false })
  supervisor.renew(1)
  const closed = supervisor.close()
  void supervisor.close()
  t.same(
    all.map(({ sigterms }) => sigterms),
    [1, 1, 1],
  )
  all.forEach((worker) => worker.die({ code: 0, signal: '' }))
  await closed
  t.equal(all.length, 3)
})

t.test('closing before all workers listen ends the start', async (t) => {
  const { supervisor } = startSupervisor()
  await supervisor.close()
  await t.rejects(supervisor.started, { message: 'the workers were told to end' })
})

t.test('workers are asked only between listening and their end', async (t) => {
  const { supervisor, at } = await startServing()
  t.same(supervisor.questions.workers(), [1, 2])
  const answers = supervisor.questions.ask('conditions', 60_000)
  t.match(at(0).received.at(-1), { kind: 'ask', topic: 'conditions' })
  at(0).say({ kind: 'answer', question: 1, value: 'well' })
  at(1).die()
  t.same([...(await answers)], [[1, 'well']])
  at(1).say({ kind: 'ready' })
  t.same(supervisor.questions.workers(), [1])
})

t.test('a worker that settles gets a confirmation that the primary has all its messages', async (t) => {
  const { at } = await startServing()
  at(0).say({ kind: 'settle' })
  t.same(at(0).received.at(-1), { kind: 'settled' })
})
