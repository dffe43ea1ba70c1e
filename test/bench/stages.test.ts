import t from 'tap'

import { timeByStage } from '../../bench/stages/attribution.ts'

const frames = [
  ['(root)', '', [2, 10, 11]],
  ['parserOnIncoming', 'node:_http_server', [3]],
  ['hookRunner', 'file:///gateway/node_modules/fastify/lib/hooks.js', [4, 5, 8]],
  ['proxyHook', 'file:///gateway/src/proxy/plugin.ts', [6]],
  ['auditHook', 'file:///gateway/src/audit/plugin.ts', [7]],
  ['write', 'node:net', [9]],
  ['hash', 'node:internal/crypto/hash', []],
  ['resolve', 'file:///gateway/node_modules/@fastify/http-proxy/index.js', []],
  ['writeLatin1String', '', []],
  ['(garbage collector)', '', []],
  ['(idle)', '', []],
] as const
const nodes = frames.map(([functionName, url, children], i) => ({
  id: i + 1,
  callFrame: { functionName, url },
  children: [...children],
}))

t.test(
  "time is attributed to the innermost stage or package, and Node's own work is separate, except for hashes and the like",
  async (t) => {
    const samples = nodes.map(({ id }) => id)
    const timeDeltas = samples.map((id) => 2 ** id)
    t.same(Object.fromEntries(timeByStage({ nodes, samples, timeDeltas }, 0)), {
      'node:http, streams and timers': 2 ** 1 + 2 ** 2 + 2 ** 6,
      fastify: 2 ** 3,
      proxy: 2 ** 4,
      audit: 2 ** 5 + 2 ** 7,
      '@fastify/http-proxy': 2 ** 8,
      'writes to sockets (system calls)': 2 ** 9,
      'garbage collector': 2 ** 10,
    })
  },
)

t.test('start and warm-up do not count', async (t) => {
  const profile = { nodes, samples: [5, 5, 5, 4], timeDeltas: [1, 1, 1, 1] }
  t.same(Object.fromEntries(timeByStage(profile, 0.75)), { proxy: 1 })
})
