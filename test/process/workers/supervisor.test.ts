import t from 'tap'

import { superviseWorkers, type SupervisorOptions } from '../../../src/process/workers/supervisor.ts'
import { until } from '../../support/until.ts'
import { createFakeWorkers } from './fake-workers.ts'

const before = { count: 2, texts: new Map([['a.yaml', 'before']]) }
const after = { count: 3, texts: new Map([['a.yaml', 'after']]) }
const words = (text: string) => [{ kind: 'texts', texts: [['a.yaml', text]] }]

function startSupervisor(options: Partial<SupervisorOptions> & { isObedient?: boolean } = {}) {
  const workers = createFakeWorkers(options)
  const logged: object[] = []
  const logger = { error: (facts: object, message: string) => void logged.push({ ...facts, message }) } as never
  const supervisor = superviseWorkers({ ...before, fork: workers.fork, logger, now: () => 0, ...options })
  const listen = (...places: number[]): void => places.forEach((place) => workers.at(place).listen())
  return { ...workers, listen, supervisor, logged }
}

async function startServing(options?: Parameters<typeof startSupervisor>[0]) {
  const house = startSupervisor(options)
  house.listen(0, 1)
  await house.supervisor.started
  return house
}

t.test(
  'the first word to a worker is the configuration that was read, also to one that takes the place of another',
  async (t) => {
    const { supervisor, all, at, logged } = await startServing()
    t.same(supervisor.serving(), [1, 2])
    at(0).die({ code: 0, signal: 'SIGKILL' })
    await until(() => all.length === 3)
    t.same(
      all.map(({ heard }) => heard),
      [words('before'), words('before'), words('before')],
    )
    t.same(supervisor.serving(), [2])
    t.equal(supervisor.replaced(), 1)
    t.match(logged, [
      { pid: 1000, signal: 'SIGKILL', failuresInARow: 1, delayMs: 0, message: 'another takes its place' },
    ])
    at(2).listen()
    t.same(supervisor.serving(), [2, 3])
  },
)

t.test('workers that keep failing are tried again later and later, and the log says so', async (t) => {
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

t.test('a first worker that ends before it listens is an error, and nobody takes its place', async (t) => {
  const { supervisor, all, at, logged } = startSupervisor()
  at(0).listen()
  at(1).die()
  await t.rejects(supervisor.started, { message: 'a worker ended at the start' })
  t.equal(all.length, 2)
  t.match(logged, [{ pid: 1001, code: 1, message: 'a worker ended at the start' }])
})

t.test('renewed workers are in charge when all listen; those before serve until then, and end when told', async (t) => {
  const { supervisor, all, at, listen, logged } = await startServing()
  const renewing = supervisor.renew(after)
  t.same(
    all.slice(2).map(({ heard }) => heard),
    [words('after'), words('after'), words('after')],
  )
  listen(2, 3)
  t.same([supervisor.serving(), supervisor.count()], [[1, 2], 2], 'one is still missing')
  at(4).listen()
  const endBefore = await renewing
  t.same([supervisor.serving(), supervisor.count()], [[3, 4, 5], 3])
  t.same([at(0).sigterms, at(1).sigterms], [0, 0])

  await endBefore()
  t.same(
    all.map(({ sigterms }) => sigterms),
    [1, 1, 0, 0, 0],
  )
  t.same([all.length, supervisor.replaced(), logged], [5, 0, []], 'an end that was asked for is no crash')
})

t.test('a renewed worker that ends before it listens takes the others with it, and nothing has changed', async (t) => {
  const { supervisor, all, at, logged } = await startServing()
  const renewing = supervisor.renew(after)
  at(2).listen()
  at(3).die()
  await t.rejects(renewing, { message: 'a worker ended at the start' })
  t.same(
    all.map(({ sigterms }) => sigterms),
    [0, 0, 1, 0, 1],
  )
  t.same([supervisor.serving(), supervisor.count(), supervisor.replaced()], [[1, 2], 2, 0])
  t.match(logged, [{ pid: 1003, message: 'a worker ended at the start' }])

  at(0).die()
  await until(() => all.length === 6)
  t.same(at(5).heard, words('before'), 'who takes a place gets the configuration in force')
})

t.test('renewed workers that do not listen in time are ended', async (t) => {
  const { supervisor, all } = await startServing({ maxStartMs: 10 })
  await t.rejects(supervisor.renew(after), { message: 'not all workers listen within 0.01 s' })
  t.same(
    all.map(({ sigterms }) => sigterms),
    [0, 0, 1, 1, 1],
  )
})

t.test('a worker in charge that ends during a renewal is replaced', async (t) => {
  const { supervisor, all, at, listen } = await startServing()
  const renewing = supervisor.renew(before)
  at(0).die()
  await until(() => all.length === 5)
  listen(2, 3, 4)
  await (
    await renewing
  )()
  t.same(
    all.map(({ sigterms }) => sigterms),
    [0, 1, 0, 0, 1],
  )
  t.same(supervisor.serving(), [3, 4])
})

t.test('a worker that waits to be started is not started any more once its set ends', async (t) => {
  const { supervisor, all, at, listen } = await startServing()
  const renewing = supervisor.renew(before)
  listen(2, 3)
  const endBefore = await renewing
  at(0).die()
  await at(0).ended
  t.equal(supervisor.replaced(), 1)
  await endBefore()
  // Timers of the same delay run in order: this one was set after that of the worker.
  await new Promise((resolve) => setTimeout(resolve, 0))
  t.equal(all.length, 4)
})

t.test('a close ends all: those in charge, those that end and those that start; each is told once', async (t) => {
  const { supervisor, all, at, listen } = await startServing({ isObedient: false })
  const first = supervisor.renew(before)
  listen(2, 3)
  const endBefore = await first
  const second = supervisor.renew(before)
  const ended = endBefore()
  const closed = supervisor.close()
  t.same(
    all.map(({ sigterms }) => sigterms),
    [1, 1, 1, 1, 1, 1],
  )
  all.forEach((worker) => worker.die({ code: 0, signal: '' }))
  await t.rejects(second, { message: 'the workers were told to end' })
  await Promise.all([ended, closed])
  t.equal(at(4).sigterms, 1)
  await t.rejects(supervisor.renew(before), { message: 'the gateway is closing' })
  t.equal(all.length, 6)
})

t.test('workers are asked from the moment that they listen, and no longer than they live', async (t) => {
  const { supervisor, at } = await startServing()
  t.same(supervisor.questions.workers(), [1, 2])
  const answers = supervisor.questions.ask('conditions', 60_000)
  t.match(at(0).heard.at(-1), { kind: 'ask', topic: 'conditions' })
  at(0).say({ kind: 'answer', question: 1, value: 'well' })
  at(1).die()
  t.same([...(await answers)], [[1, 'well']])
  at(1).say({ kind: 'ready' })
  t.same(supervisor.questions.workers(), [1])
})

t.test('a worker that settles hears that the primary has heard all that it said', async (t) => {
  const { at } = await startServing()
  at(0).say({ kind: 'settle' })
  t.same(at(0).heard.at(-1), { kind: 'settled' })
})
