import t from 'tap'

import { Pace } from '../../src/overload/pace.ts'

/** A line that began at zero, which so many left in the 50 ms to the first look. */
function seen(left: number): Pace {
  const pace = new Pace()
  pace.begin(0)
  pace.left(left)
  pace.look(50)
  return pace
}

t.test('until the first look nothing is known', async (t) => {
  const pace = new Pace()
  pace.begin(1_000)
  t.equal(pace.waitMs(1_000_000), 0)
})

t.test('a wait is as long as a line of that size takes at the pace that was seen', async (t) => {
  const pace = seen(100)
  t.equal(pace.waitMs(0), 0)
  t.equal(pace.waitMs(100), 50)
  t.equal(pace.waitMs(1_000), 500)
})

t.test('a new look counts for a quarter, with all who left since', async (t) => {
  const pace = seen(100)
  pace.look(100)
  t.equal(pace.waitMs(300), 200)
  for (const count of [75, 75]) pace.left(count)
  pace.look(150)
  t.equal(pace.waitMs(375), 200)
})

t.test('what nobody leaves takes for ever', async (t) => {
  const pace = seen(0)
  t.equal(pace.waitMs(0), 0)
  t.equal(pace.waitMs(1), Number.POSITIVE_INFINITY)
})

t.test('a time too short to tell is left to the next look', async (t) => {
  const pace = seen(100)
  pace.left(100)
  pace.look(74)
  t.equal(pace.waitMs(100), 50)
  pace.look(100)
  t.equal(pace.waitMs(100), 50)
})

t.test('a line that begins anew knows nothing of the one before', async (t) => {
  const pace = seen(1)
  pace.left(1)
  pace.begin(60)
  t.equal(pace.waitMs(1_000), 0)
  pace.left(50)
  pace.look(110)
  t.equal(pace.waitMs(100), 100)
})
