import fs, { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mock } from 'node:test'
import { setImmediate as endOfTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createLogDestination } from '../../src/telemetry/log-destination.ts'

function startFile(t: Test) {
  const path = join(t.testdir({}), 'log')
  return { destination: createLogDestination(path), written: () => readFileSync(path, 'utf8') }
}

t.test('lines of one turn of the event loop are written together, in order, when it ends', async (t) => {
  const { destination, written } = startFile(t)
  destination.write('a\n')
  destination.write('b\n')
  t.equal(written(), '')
  await endOfTurn()
  t.equal(written(), 'a\nb\n')
  destination.write('c\n')
  await endOfTurn()
  t.equal(written(), 'a\nb\nc\n', 'the next turn is written, too')
})

t.test('a line that does not fit into one write with the held lines sends those first', async (t) => {
  const { destination, written } = startFile(t)
  const first = `${'a'.repeat(4_000)}\n`
  const second = `${'b'.repeat(95)}\n`
  destination.write(first)
  destination.write(second)
  t.equal(written(), first)
  await endOfTurn()
  t.equal(written(), first + second)
})

t.test('a line longer than one write is written', async (t) => {
  const { destination, written } = startFile(t)
  const line = `${'a'.repeat(10_000)}\n`
  destination.write(line)
  await endOfTurn()
  t.equal(written(), line)
})

t.test('a failing target does not end the process, and is reported once', async (t) => {
  const said = t.capture(process.stderr, 'write', () => true)
  const destination = createLogDestination('/dev/full')
  for (let turn = 0; turn < 3; turn += 1) {
    destination.write('a line\n')
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.match(
    said().map(({ args }) => args[0]),
    [/^stagedoor: log lines could not be written: ENOSPC/],
  )
})

t.test('lines that wait for a full disk are written once there is space, and dropped ones are reported', async (t) => {
  t.capture(process.stderr, 'write', () => true)
  const { destination, written } = startFile(t)
  const lost: string[] = []
  destination.onLost((lines) => lost.push(lines))
  const refuse = () => {
    throw new Error('the disk is full')
  }
  const full = mock.method(fs, 'writeSync', refuse)
  t.teardown(() => full.mock.restore())
  const [first, second] = ['a', 'b'].map((letter) => `${letter.repeat(600_000)}\n`) as [string, string]
  destination.write(first)
  await endOfTurn()
  t.equal(destination.failure(), 'the disk is full')
  destination.write(second)
  await endOfTurn()
  t.same(lost, [second])

  full.mock.restore()
  destination.write('c\n')
  await endOfTurn()
  t.equal(written(), `${first}c\n`)
  t.equal(destination.failure(), undefined)
})

t.test('dropped lines do not stop waiting ones from being written', async (t) => {
  t.capture(process.stderr, 'write', () => true)
  const { destination, written } = startFile(t)
  let isFull = true
  const write = fs.writeSync
  const full = mock.method(fs, 'writeSync', (...given: Parameters<typeof fs.writeSync>) => {
    if (isFull) throw new Error('the disk is full')
    return write(...given)
  })
  t.teardown(() => full.mock.restore())
  // Fill the buffer, so that not even a short line fits.
  const waiting = `${'a'.repeat(1_048_575)}\n`
  destination.write(waiting)
  await endOfTurn()
  isFull = false
  destination.write('lost\n')
  await endOfTurn()
  destination.write('b\n')
  await endOfTurn()
  t.equal(written(), `${waiting}b\n`)
  t.equal(destination.failure(), undefined)
})

t.test('while the buffer is full, waiting lines are retried once a second, not for each line', async (t) => {
  t.capture(process.stderr, 'write', () => true)
  const { destination } = startFile(t)
  const full = mock.method(fs, 'writeSync', () => {
    throw new Error('the disk is full')
  })
  t.teardown(() => full.mock.restore())
  const lost: string[] = []
  destination.onLost((lines) => lost.push(lines))
  destination.write(`${'a'.repeat(1_048_575)}\n`)
  await endOfTurn()
  for (const line of ['b\n', 'c\n', 'd\n']) {
    destination.write(line)
    await endOfTurn()
  }
  t.same(lost, ['b\n', 'c\n', 'd\n'])
  t.equal(full.mock.callCount(), 2, 'when they came, and with the first that was lost')
})
