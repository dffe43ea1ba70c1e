import t from 'tap'

import { http1Fields } from '../../src/listener/http2-request.ts'

const rows: [what: string, received: string[], expected: string[]][] = [
  [':authority is the host', [':method', 'GET', ':authority', 'a.example'], ['host', 'a.example']],
  ['without :authority the host stays', [':path', '/', 'host', 'a.example'], ['host', 'a.example']],
  ['the same host twice is one', [':authority', 'a.example', 'host', 'a.example'], ['host', 'a.example']],
  [
    'another host stays beside it, for the boundary to see',
    [':authority', 'a.example', 'host', 'b.example'],
    ['host', 'a.example', 'host', 'b.example'],
  ],
  [
    'cookie crumbs are joined (RFC 9113 §8.2.3)',
    ['cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'],
    ['cookie', 'a=1; b=2', 'x', 'y'],
  ],
]

for (const [what, received, expected] of rows) {
  t.test(what, async (t) => {
    t.same(http1Fields(received), expected)
  })
}
