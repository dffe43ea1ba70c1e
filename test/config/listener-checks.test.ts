import t from 'tap'

import { contradictions as contradictionsIn } from '../../src/config/cross-checks.ts'
import type { KnownSections } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/schema.ts'

const contradictions = (sections: KnownSections) => [...contradictionsIn(sections)]

const server = {
  listen: { host: '127.0.0.1', port: 8080 },
  admin: { host: '127.0.0.1', port: 9464 },
  trustedProxies: [] as string[],
  passProxyHeaders: [] as string[],
  timeouts: { drain: 0, shutdown: 25_000 },
  workers: 1,
} as unknown as Config['server']

t.test('trusting the proxy on a Unix socket needs a listener on such a socket', async (t) => {
  const trusting = { ...server, trustedProxies: ['10.0.0.0/8', 'unix'] }
  t.match(contradictions({ server: trusting }), [
    { path: ['server', 'trustedProxies', 1], fix: /server\.listen\.path/ },
  ])
  t.same(contradictions({ server: { ...trusting, listen: { ...server.listen, path: '/run/stagedoor.sock' } } }), [])
})

t.test('two listeners cannot share a port, unless it is 0 or one is a Unix socket', async (t) => {
  const ports = (port: number, adminPort: number, path?: string) => ({
    ...server,
    listen: { ...server.listen, port, ...(path && { path }) },
    admin: { ...server.admin, port: adminPort },
  })
  t.match(contradictions({ server: ports(8080, 8080) }), [{ path: ['server', 'admin', 'port'] }])
  t.same(contradictions({ server: ports(8080, 9464) }), [])
  t.same(contradictions({ server: ports(0, 0) }), [])
  t.same(contradictions({ server: ports(8080, 8080, '/run/stagedoor.sock') }), [])
})

t.test('several workers need Redis, and one error names all missing options', async (t) => {
  const kept = (store: string) => ({ keys: { store } })
  const sections = (
    workers: number | 'auto',
    stores: [session: string, assertion: string, machines: string, audit: string],
  ) =>
    ({
      server: { ...server, workers },
      session: { ...times, store: stores[0], redis: { url: 'redis://redis' } },
      assertion: kept(stores[1]),
      audit: { ...kept(stores[3]), sinks: [] },
      machines: {
        ...kept(stores[2]),
        audience: 'urn:machine',
        audiences: [],
        issuers: [],
        classes: [],
        backstageTokens: { rules: [] },
      },
    }) as unknown as KnownSections
  const times = { idleTimeout: 1, absoluteTimeout: 3, refreshEvery: 2 }
  const pathsOf = (found: ReturnType<typeof contradictions>) => found.map(({ path }) => path.join('.'))
  const refused = contradictions(sections('auto', ['cookie', 'memory', 'redis', 'memory']))
  t.same(pathsOf(refused), ['server.workers'])
  t.match(refused[0]?.expected, 'redis for session.store, assertion.keys.store, audit.keys.store')
  t.same(contradictions(sections(4, ['redis', 'redis', 'redis', 'redis'])), [])
  t.same(contradictions(sections(1, ['cookie', 'memory', 'memory', 'memory'])), [])
  const { server: severalWorkers } = sections(2, ['redis', 'redis', 'redis', 'redis'])
  t.same(contradictions({ server: severalWorkers! }), [], 'a section that cannot be read has its own error')
})

t.test('keys in Redis need a Redis', async (t) => {
  const session = {
    idleTimeout: 1,
    absoluteTimeout: 3,
    refreshEvery: 2,
    store: 'cookie',
  } as unknown as Config['session']
  const assertion = { keys: { store: 'redis' } } as unknown as Config['assertion']
  t.match(contradictions({ session, assertion }), [
    { path: ['assertion', 'keys', 'store'], expected: /session\.redis/ },
  ])
})

t.test('keys in a file need a path', async (t) => {
  for (const section of ['assertion', 'audit'] as const) {
    const sections = { [section]: { keys: { store: 'file' }, sinks: [] } } as unknown as KnownSections
    t.match(contradictions(sections), [{ path: [section, 'keys', 'path'] }], section)
  }
})
