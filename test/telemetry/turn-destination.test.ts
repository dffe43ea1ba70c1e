import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { createTurnDestination } from '../../src/telemetry/turn-destination.ts'

function startFile(t: Test) {
  const path = join(t.testdir({}), 'log')
  return { destination: createTurnDestination(path), written: () => readFileSync(path, 'utf8') }
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

t.test('what would not fit in one write with the lines held sends those first', async (t) => {
  const { destination, written } = startFile(t)
  const first = `${'a'.repeat(4_000)}\n`
  const second = `${'b'.repeat(95)}\n`
  destination.write(first)
  destination.write(second)
  t.equal(written(), first)
  await endOfTurn()
  t.equal(written(), first + second)
})

t.test('a line that is longer than one write is written all the same', async (t) => {
  const { destination, written } = startFile(t)
  const line = `${'a'.repeat(10_000)}\n`
  destination.write(line)
  await endOfTurn()
  t.equal(written(), line)
})

t.test('a target that takes no line ends nothing, and is complained of once', async (t) => {
  const said = t.capture(process.stderr, 'write', () => true)
  const destination = createTurnDestination('/dev/full')
  for (let turn = 0; turn < 3; turn += 1) {
    destination.write('a line\n')
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.match(
    said().map(({ args }) => args[0]),
    [/^stagedoor: log lines could not be written: ENOSPC/],
  )
})
