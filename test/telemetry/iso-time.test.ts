import * as fc from 'fast-check'
import t from 'tap'

import { createIsoTime } from '../../src/telemetry/logger.ts'

t.test('times equal those of Date, after any previous time', async (t) => {
  const isoTime = createIsoTime()
  const near = fc.integer({ min: 1_795_000_000_000, max: 1_795_000_003_000 })
  const any = fc.integer({ min: -8.64e15, max: 8.64e15 })
  fc.assert(
    fc.property(fc.oneof(near, any), (ms) => {
      t.equal(isoTime(ms), new Date(ms).toISOString())
    }),
  )
})
