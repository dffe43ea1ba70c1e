import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('probes answer HTTP/1.0 requests without Host, which load balancers send', async (t) => {
  const stack = await startStack(t)
  for (const probe of ['live', 'ready']) {
    t.match(await exchange(stack.url, `GET /.stagedoor/health/${probe} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.[01] 200 /, probe)
  }
})

t.test('other paths, and probes over HTTP/1.1, need a Host', async (t) => {
  const stack = await startStack(t)
  for (const head of ['/public/x HTTP/1.0', '/.stagedoor/me HTTP/1.0', '/.stagedoor/health/live HTTP/1.1']) {
    const answer = await exchange(stack.url, `GET ${head}\r\nConnection: close\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.[01] 400 /, head)
    t.match(answer, 'STAGEDOOR_BOUNDARY_AMBIGUOUS_HEADERS', head)
  }
  t.equal(stack.origin.seen.length, 0)
})
