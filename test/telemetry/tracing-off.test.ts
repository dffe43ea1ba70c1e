import fastify from 'fastify'
import t from 'tap'

import { traceStage, tracing } from '../../src/telemetry/tracing-plugin.ts'
import type { Tracing } from '../../src/telemetry/tracing.ts'

/** Counts the hooks and decorators of the request stages. */
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

t.test('without tracing a request has no tracing hooks or decorators', async (t) => {
  t.equal(addedWith(undefined), 0)
  t.ok(addedWith({} as Tracing) > 0)
})
