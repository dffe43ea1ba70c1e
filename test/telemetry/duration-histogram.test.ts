import { AggregatorRegistry, Histogram, Registry } from 'prom-client'
import t from 'tap'

import { createDurationHistogram } from '../../src/telemetry/duration-histogram.ts'

t.test("the output equals that of prom-client's own histogram", async (t) => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const said = { name: 'seconds', help: 'How long.' }
  const bounds = [0.001, 0.0025, 1, 30]
  const histogram = createDurationHistogram({ ...said, bounds })
  ours.registerMetric(histogram.metric)
  const expected = new Histogram({ ...said, buckets: bounds, registers: [theirs] })
  t.equal(await ours.metrics(), await theirs.metrics())
  for (const seconds of [0, 0.001, 0.0011, 0.0025, 0.5, 1, 29.9, 30, 30.1, 3_600]) {
    histogram.observe(seconds)
    expected.observe(seconds)
  }
  t.equal(await ours.metrics(), await theirs.metrics())
  t.equal(await sumOfTwo(ours), await sumOfTwo(theirs), 'also where workers send it to their primary')
})

const sumOfTwo = async (registry: Registry): Promise<string> => {
  const sent = JSON.parse(JSON.stringify(await registry.getMetricsAsJSON()))
  return AggregatorRegistry.aggregate([sent, sent]).metrics()
}
