import t from 'tap'

import { UpstreamError } from '../../../src/proxy/http1/upstream-error.ts'

t.test('an error of an upstream has its code and its name', async (t) => {
  const error = new UpstreamError('UPSTREAM_HUNG_UP', 'gone')
  t.ok(error instanceof Error)
  t.same([error.name, error.code, error.message], ['UpstreamError', 'UPSTREAM_HUNG_UP', 'gone'])
})
