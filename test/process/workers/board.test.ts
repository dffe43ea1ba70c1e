import { setImmediate as endOfTurn } from 'node:timers/promises'

import t from 'tap'

import { createBoard } from '../../../src/process/workers/board.ts'
import type { ToWorker } from '../../../src/process/workers/messages.ts'
import { startWorkersHouse as startHouse } from './support.ts'

t.test('what one tells has been heard by all when it returns', async (t) => {
  const { one, two } = startHouse()
  const heard: unknown[] = []
  two.hear('ended', (value) => heard.push(value))
  one.hear('ended', () => t.fail('who tells is not told'))
  await one.tell('ended', 'a', { id: 'a' }, 1_000)
  t.same(heard, [{ id: 'a' }])
})

t.test('who comes later reads what is kept, the newest of each key, until its time is over', async (t) => {
  let now = 0
  const { one, join } = startHouse(() => now)
  await one.tell('ended', 'a', 'old', 1_000)
  await one.tell('ended', 'a', 'new', 1_000)
  await one.tell('ended', 'b', 'short', 10)
  now = 500
  t.same(await join(3).read('ended'), ['new'])
})

t.test('a worker that is gone keeps nobody waiting', async (t) => {
  const { board, one, two } = startHouse()
  board.join(3, () => undefined)
  const told = one.tell('ended', 'a', 1, 1_000)
  const give = await two.lock('refresh:a')
  t.type(give, 'function')
  const next = one.lock('refresh:a')
  board.leave(3)
  await told
  board.leave(2)
  t.type(await next, 'function', 'its lock goes on to the next')
})

t.test('a worker that is stuck keeps nobody waiting for long', async (t) => {
  const { board, one } = startHouse()
  board.join(3, () => undefined)
  // The board's own timer does not keep a process alive.
  const alive = setInterval(() => undefined, 100)
  await one.tell('ended', 'a', 1, 1_000)
  clearInterval(alive)
  t.pass('it returned')
})

t.test('a lock has one holder, and goes round in the order of asking', async (t) => {
  const { one, two } = startHouse()
  const order: string[] = []
  const give = await one.lock('refresh:a')
  const waiting = two.lock('refresh:a').then((giveBack) => {
    order.push('two')
    giveBack()
  })
  await two.lock('refresh:b')
  order.push('one')
  give()
  await waiting
  t.same(order, ['one', 'two'])
  const again = await one.lock('refresh:a')
  again()
})

t.test('a name is claimed once, until its time is over or it is given back', async (t) => {
  let now = 0
  const { one, two } = startHouse(() => now)
  t.equal(await one.claim('transaction:a', 1_000), true)
  t.equal(await two.claim('transaction:a', 1_000), false)
  now = 1_001
  t.equal(await two.claim('transaction:a', 1_000), true)
  two.release('transaction:a')
  t.equal(await one.claim('transaction:a', 1_000), true)
})

t.test('all count together, and anew when the window is over', async (t) => {
  let now = 0
  const { one, two } = startHouse(() => now)
  await one.count('attempts:a', 1_000)
  now = 400
  t.same(await two.count('attempts:a', 1_000), { current: 2, ttlMs: 600 })
  now = 1_000
  t.same(await one.count('attempts:a', 1_000), { current: 1, ttlMs: 1_000 })
})

t.test('the primary hears what each worker has to say; those that fail or are silent are left out', async (t) => {
  const { board, one, two } = startHouse()
  one.answer('conditions', () => 'well')
  two.answer('conditions', async () => {
    throw new Error('broken')
  })
  t.same([...(await board.ask('conditions', 1_000))], [[1, 'well']])
  board.join(3, () => undefined)
  two.answer('conditions', async () => 'well, too')
  t.same([...(await board.ask('conditions', 20)).values()], ['well', 'well, too'])
  t.same((await createBoard(() => 0).ask('conditions', 1_000)).size, 0, 'nobody there, nothing said')
})

t.test('a worker that is alone tells nobody and goes on at once', async (t) => {
  const { board, one, two } = startHouse()
  board.leave(2)
  two.hear('ended', () => t.fail('a worker that is gone is not told'))
  await one.tell('ended', 'a', 1, 1_000)
  t.same(await one.read('ended'), [1])
})

t.test('the primary does not wait for the answer of a worker that ends', async (t) => {
  const { board, one } = startHouse()
  board.join(3, () => undefined)
  one.answer('conditions', () => 'well')
  let answers: unknown[] | undefined
  void board.ask('conditions', 1_000).then((all) => (answers = [...all.values()]))
  board.leave(3)
  await endOfTurn()
  t.same(answers, ['well'])
})

t.test('an answer that comes too late, or twice, changes nothing', async (t) => {
  const board = createBoard(() => 0)
  const asked: number[] = []
  board.join(1, (message: ToWorker) => void (message.kind === 'ask' && asked.push(message.question)))
  t.same([...(await board.ask('conditions', 1)).values()], [])
  const second = board.ask('conditions', 60_000)
  const [late, current] = asked as [number, number]
  board.receive(1, { kind: 'answer', question: late, value: 'late' })
  board.receive(1, { kind: 'answer', question: current, value: 'well' })
  board.receive(1, { kind: 'answer', question: current, value: 'well again' })
  t.same([...(await second).values()], ['well'])
})

t.test('who settles waits until what was said before has been heard', async (t) => {
  const { one, two } = startHouse()
  const heard: string[] = []
  const locked = one.lock('refresh:a').then(() => heard.push('lock'))
  await one.settle()
  heard.push('settled')
  await locked
  t.same(heard, ['lock', 'settled'])
  await two.settle()
})
