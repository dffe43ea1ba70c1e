import t from 'tap'

import { median, paired, quantile, spreadOf } from '../../bench/statistics.ts'

t.test('the median of an even number of values is the mean of the middle two', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.ok(Number.isNaN(median([])))
})

t.test('a quantile is the nearest rank, that is, a measured value', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
  t.equal(quantile(hundred, 0.5), 50)
  t.equal(quantile(hundred, 0.99), 99)
  t.equal(quantile(hundred, 0.999), 100)
  t.equal(quantile([7], 0), 7)
  t.equal(quantile(Float64Array.of(1, 2), 1), 2)
  t.ok(Number.isNaN(quantile([], 0.5)))
})

t.test('candidates are compared round by round, so that a slow minute has no effect', async (t) => {
  t.same(paired([90, 9, 80], [100, 10, 100]), { min: 0.8, median: 0.9, max: 0.9 })
  t.same(
    paired([3, 5], [1, 1], (value, base) => value - base),
    { min: 2, median: 3, max: 4 },
  )
})

t.test('a round that only one candidate finished is left out, and without rounds there is no figure', async (t) => {
  t.same(paired([1, 2], [2]), { min: 0.5, median: 0.5, max: 0.5 })
  t.same(spreadOf([]), { min: Number.NaN, median: Number.NaN, max: Number.NaN })
})
