import { mock } from 'node:test'

import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { createTrail } from '../../src/audit/trail.ts'
import { maxWaitMs } from '../../src/telemetry/batch.ts'
import { decided, memorySink, mockTimers } from './support.ts'

const start = (...sinks: ReturnType<typeof memorySink>[]) => {
  const checkpoints: string[] = []
  const failures: unknown[] = []
  const trail = createTrail({
    chain: createChain('w'),
    sinks: sinks.map(({ sink }) => sink),
    now: () => 0,
    signer:
      () =>
      ({ writer, seq }, at) =>
        `${writer} ${seq} ${at}`,
    onFailure: (error) => failures.push(error),
    onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    checkpointEveryMs: 60_000,
  })
  return { trail, checkpoints, failures }
}

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve))

t.test('decisions are passed on together within 10 ms, or at once if required', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const memory = memorySink()
  const { trail } = start(memory)
  t.teardown(() => trail.close())
  t.equal(maxWaitMs, 10)
  trail.write(decided)
  await endOfTurn()
  trail.write(decided)
  t.equal(memory.lines.length, 0)
  mock.timers.tick(10)
  t.same(
    memory.records().map(({ seq }) => seq),
    [1, 2],
  )
  trail.write(decided)
  trail.flush()
  t.equal(memory.lines.length, 3)
  t.equal(trail.count(), 3)
  t.equal(trail.sinks.length, 1)
})

t.test('every other event is passed on at the end of its turn, after the decisions before it', async (t) => {
  const memory = memorySink()
  const { trail } = start(memory)
  t.teardown(() => trail.close())
  trail.write(decided)
  trail.write({ event: 'login' })
  t.equal(memory.lines.length, 0)
  await endOfTurn()
  t.same(
    memory.records().map(({ event }) => event),
    ['decision', 'login'],
  )
})

t.test('sinks get the lines as bytes, too, however long they are', async (t) => {
  const taken: [lines: readonly string[], text: string | undefined][] = []
  const { sink } = memorySink()
  sink.take = (lines, bytes) => void taken.push([lines, bytes?.toString()])
  const { trail } = start({ ...memorySink(), sink })
  t.teardown(() => trail.close())
  for (const reason of ['€', '€'.repeat(400_000), '']) {
    trail.write({ event: 'login-refused', reason })
    trail.flush()
  }
  t.equal(taken.length, 3)
  for (const [lines, text] of taken) t.ok(text === `${lines[0]}\n`)
})

t.test('ensure waits for the blocking sinks and names the one that fails', async (t) => {
  const [blocking, other] = [memorySink('block'), memorySink('continue')]
  const { trail } = start(blocking, other)
  t.teardown(() => trail.close())
  other.state.fails = true
  trail.write(decided)
  await trail.ensure()
  t.equal(blocking.lines.length, 1)
  blocking.state.fails = true
  await trail.ensure().then(
    () => t.fail('it is not kept'),
    (error: unknown) => t.match(error, { message: 'memory: failing on demand' }),
  )
})

t.test('every thousand records and the end are followed by a checkpoint', async (t) => {
  const memory = memorySink()
  const { trail, checkpoints } = start(memory)
  for (let i = 0; i < 1_000; i += 1) trail.write(decided)
  trail.flush()
  t.same(checkpoints, ['w 1000 1970-01-01T00:00:00.000Z'])
  await trail.close()
  t.same(memory.records().slice(-2), [
    { ...memory.records().at(-2), event: 'stop', seq: 1_002 },
    { ...memory.records().at(-1), event: 'checkpoint', seq: 1_003 },
  ])
  t.equal(checkpoints.length, 2)
  t.ok(memory.state.isClosed)
})

t.test('the decisions of 10 ms reach a sink in one piece', async (t) => {
  const pieces: number[] = []
  const { sink } = memorySink()
  sink.take = (lines) => void pieces.push(lines.length)
  const { trail } = start({ ...memorySink(), sink })
  t.teardown(() => trail.close())
  for (let i = 0; i < 3; i += 1) trail.write(decided)
  trail.flush()
  t.same(pieces, [3])
})

t.test('a closed trail leaves no timers or listeners behind', async (t) => {
  const clock = mockTimers(t)
  const listeners = process.listenerCount('exit')
  let asked = 0
  const trail = createTrail({
    chain: createChain('w'),
    sinks: [],
    now: () => 0,
    signer: () => void (asked += 1),
    onFailure: () => undefined,
    checkpointEveryMs: 60_000,
  })
  await trail.close()
  t.equal(process.listenerCount('exit'), listeners)
  t.equal(asked, 1)
  clock.tick(60_000)
  t.equal(asked, 1)
})

t.test('a trail without new records is not signed again', async (t) => {
  const clock = mockTimers(t)
  const memory = memorySink()
  const { trail, checkpoints } = start(memory)
  trail.write(decided)
  clock.tick(60_000)
  clock.tick(60_000)
  t.same(
    checkpoints.map((checkpoint) => checkpoint.slice(0, 3)),
    ['w 1'],
  )
  await trail.close()
})

t.test('without a key records are written unsigned, and the first checkpoint with a key signs them all', async (t) => {
  const timers = mockTimers(t)
  const memory = memorySink()
  let key: string | undefined
  const trail = createTrail({
    chain: createChain('w'),
    sinks: [memory.sink],
    now: () => 0,
    signer: () => (key === undefined ? undefined : ({ seq }) => `${key} ${seq}`),
    onFailure: () => undefined,
    checkpointEveryMs: 60_000,
  })
  t.teardown(() => trail.close())
  trail.write(decided)
  timers.tick(60_000)
  t.same(
    memory.records().map(({ event }) => event),
    ['decision'],
  )
  key = 'k'
  timers.tick(60_000)
  t.match(memory.records().at(-1), { event: 'checkpoint', checkpoint: 'k 1' })
})

t.test('an event that cannot be recorded is reported and leaves no gap', async (t) => {
  const memory = memorySink()
  const { trail, failures } = start(memory)
  t.teardown(() => trail.close())
  const broken = {
    ...decided,
    get facts(): never {
      throw new Error('no facts')
    },
  }
  trail.write(broken)
  trail.write(decided)
  trail.flush()
  t.match(failures, [{ message: 'no facts' }])
  t.same(
    memory.records().map(({ seq }) => seq),
    [1],
  )
})

t.test('each recorded event is passed on with its time, and one that cannot be recorded is not', async (t) => {
  const recorded: unknown[] = []
  const trail = createTrail({
    chain: createChain('w'),
    sinks: [],
    now: () => 7,
    signer: () => undefined,
    onFailure: () => undefined,
    onRecorded: ({ event }, at) => recorded.push([event, at]),
    checkpointEveryMs: 60_000,
  })
  t.teardown(() => trail.close())
  const unwritable = { event: 'logout', principal: { kind: 'user' } } as never
  for (const event of [decided, unwritable, { event: 'login' } as const]) trail.write(event)
  trail.flush()
  t.same(recorded, [
    ['decision', 7],
    ['login', 7],
  ])
})

t.test('a record has the time of its event, even if it waited for others', async (t) => {
  let now = 5
  const memory = memorySink()
  const trail = createTrail({
    chain: createChain('w'),
    sinks: [memory.sink],
    now: () => now,
    signer: () => undefined,
    onFailure: () => undefined,
    checkpointEveryMs: 60_000,
  })
  t.teardown(() => trail.close())
  trail.write(decided)
  now = 9
  trail.write({ event: 'login' })
  trail.flush()
  t.same(
    memory.records().map(({ time }) => time),
    ['1970-01-01T00:00:00.005Z', '1970-01-01T00:00:00.009Z'],
  )
})

t.test('a new interval of checkpoints starts when it is set', async (t) => {
  const clock = mockTimers(t)
  const { trail, checkpoints } = start(memorySink())
  const sinks = [memorySink().sink]
  const signer = () => () => 'signed'
  const onCheckpoint = (checkpoint: string) => void checkpoints.push(checkpoint)
  trail.use({ sinks, signer, onCheckpoint, checkpointEveryMs: 60_000 })
  trail.use({ sinks, signer, onCheckpoint, checkpointEveryMs: 1_000 })
  trail.write(decided)
  clock.tick(1_000)
  t.same(checkpoints, ['signed'])
  await trail.close()
})

t.test('after a change of sinks earlier records go to the former sinks, and later ones only to the new', async (t) => {
  const [former, next] = [memorySink(), memorySink()]
  const { trail } = start(former)
  t.teardown(() => trail.close())
  trail.write(decided)
  trail.use({ sinks: [next.sink], signer: () => undefined, checkpointEveryMs: 60_000 })
  trail.write({ event: 'login' })
  trail.flush()
  t.same(
    [former, next].map(({ records }) => records().map(({ event }) => event)),
    [['decision'], ['login']],
  )
})
