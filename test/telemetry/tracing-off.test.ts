import fastify from 'fastify'
import t from 'tap'

import { traceStage, tracing } from '../../src/telemetry/tracing-plugin.ts'
import type { Tracing } from '../../src/telemetry/tracing.ts'

/** How many hooks and decorators a stage of a request gets. */
function addedWith(traces: Tracing | undefined): number {
  const app = fastify()
  let added = 0
  const count = (): typeof app => {
    added += 1
    return app
  }
  Object.assign(app, { addHook: count, decorateRequest: count })
  tracing(app, { tracing: traces }, () => undefined)
  traceStage(app, 'policy', { tracing: traces })
  return added
}

t.test('without tracing a request passes no hook of it, and carries nothing for it', async (t) => {
  t.equal(addedWith(undefined), 0)
  t.ok(addedWith({} as Tracing) > 0)
})
