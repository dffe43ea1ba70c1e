import t from 'tap'

import { Pace } from '../../src/overload/pace.ts'

t.test('a wait is as long as a line of that size takes at the pace that was seen', async (t) => {
  const pace = new Pace()
  pace.begin(1_000)
  t.equal(pace.waitMs(1_000_000), 0, 'nothing is known yet')
  pace.left(60)
  pace.left(40)
  pace.look(1_050)
  t.equal(pace.waitMs(0), 0)
  t.equal(pace.waitMs(100), 50)
  t.equal(pace.waitMs(1_000), 500)
})

t.test('a new look counts for a quarter', async (t) => {
  const pace = new Pace()
  pace.begin(0)
  pace.left(100)
  pace.look(50)
  pace.look(100)
  t.equal(pace.waitMs(300), 200)
})

t.test('what nobody leaves takes for ever', async (t) => {
  const pace = new Pace()
  pace.begin(0)
  pace.look(50)
  t.equal(pace.waitMs(0), 0)
  t.equal(pace.waitMs(1), Number.POSITIVE_INFINITY)
})

t.test('a time too short to tell is left to the next look', async (t) => {
  const pace = new Pace()
  pace.begin(0)
  pace.look(24)
  t.equal(pace.waitMs(100), 0)
  pace.left(100)
  pace.look(50)
  t.equal(pace.waitMs(100), 50)
})

t.test('a line that begins anew knows nothing of the one before', async (t) => {
  const pace = new Pace()
  pace.begin(0)
  pace.left(1)
  pace.look(50)
  pace.left(1)
  pace.begin(60)
  t.equal(pace.waitMs(1_000), 0)
  pace.left(50)
  pace.look(110)
  t.equal(pace.waitMs(100), 100)
})
