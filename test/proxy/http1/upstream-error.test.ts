import t from 'tap'

import { UpstreamError } from '../../../src/proxy/http1/upstream-error.ts'

t.test('an error of an upstream has its code, its name and its cause', async (t) => {
  const cause = new Error('why')
  const error = new UpstreamError('UPSTREAM_HUNG_UP', 'gone', { cause })
  t.ok(error instanceof Error)
  t.same([error.name, error.code, error.message, error.cause], ['UpstreamError', 'UPSTREAM_HUNG_UP', 'gone', cause])
})
