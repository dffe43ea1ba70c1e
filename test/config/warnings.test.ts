import t from 'tap'

import { formatPath } from '../../src/config/tree/tree.ts'
import { least, load } from './support.ts'

const redis = { url: 'redis://r' }
const keys = { store: 'redis' }

const rows: [string, string, string, RegExp][] = [
  [
    'everybody as trusted proxy',
    'server: { trustedProxies: [10.0.0.0/8, 0.0.0.0/0] }',
    'server.trustedProxies[1]',
    /name the networks/,
  ],
  [
    'paths as they are',
    'routes: [{ name: a, path: /a/**, allow: authenticated, paths: as-is }]',
    'routes[0].paths',
    /%2F/,
  ],
  ['an admin listener for everybody', 'server: { admin: { host: 0.0.0.0 } }', 'server.admin.host', /only probes/],
  ['no refresh token', 'auth0: { scopes: [openid] }', 'auth0.scopes', /refreshEvery/],
  [
    'Redis beside cookie sessions',
    'session: { store: cookie, redis: { url: redis://r } }',
    'session.redis',
    /keeps sessions in cookies/,
  ],
  [
    'a kept trail signed by keys in memory',
    'audit: { sinks: [{ file: { path: /a } }] }',
    'audit.keys.store',
    /only in the trail itself/,
  ],
  ['unsigned headers', 'assertion: { headers: [assertion, oauth2-proxy] }', 'assertion.headers', /unsigned/],
  ['a key path that is not used', 'assertion: { keys: { path: /x } }', 'assertion.keys.path', /not used/],
  ['a key path of machines that is not used', 'machines: { keys: { path: /x } }', 'machines.keys.path', /not used/],
  [
    'a rule that opens everything',
    'routes: [{ name: a, path: /**, allow: public }]',
    'routes[0].allow',
    /every path public/,
  ],
  [
    'one audience for two upstreams',
    "upstreams: { web: { url: 'http://w', assertion: { audience: urn:stagedoor:backstage } } }",
    'upstreams.web.assertion.audience',
    /act as any caller/,
  ],
  ['a trail that goes nowhere', 'audit: { sinks: [] }', 'audit.sinks', /nothing is recorded/],
  [
    'a logo that no public rule covers',
    'pages: { logo: /logo.svg?v=1 }',
    'pages.logo',
    /rule everything matches it and is not public.*path: \/logo\.svg/,
  ],
  [
    'a logo that no rule covers',
    '{ routes: [{ name: a, path: /a, allow: authenticated }], pages: { logo: /logo.svg } }',
    'pages.logo',
    /no rule covers it/,
  ],
  ['a log without failures', 'log: { level: silent }', 'log.level', /error at least/],
]
for (const [what, overlay, path, fix] of rows) {
  t.test(`${what} gives a warning with its line`, async (t) => {
    const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
    t.match(warnings, [{ fix, source: { line: 1 } }])
    t.same(
      warnings.map((one) => formatPath(one.path)),
      [path],
    )
  })
}

t.test('a logo that a public rule covers, or that is at another host, is fine', async (t) => {
  const rules =
    'routes: [{ name: logo, path: /logo.svg, methods: [GET], hosts: [portal.example.com], allow: public }, { name: a, path: /**, allow: authenticated }]'
  for (const logo of ['/logo.svg', 'https://cdn.example.com/logo.svg']) {
    const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': `${rules}\npages: { logo: "${logo}" }` })
    t.same(warnings, [])
  }
})

const replicasWithout: [without: string, overlay: object, fixes: RegExp[]][] = [
  [
    'Redis',
    { machines: { audiences: ['https://api'] } },
    [/session\.store: redis/, /assertion\.keys\.store: redis/, /machines\.keys\.store: redis/],
  ],
  ['shared keys', { session: { redis } }, [/assertion\.keys\.store: redis/]],
  [
    'shared keys of machines',
    { session: { redis }, assertion: { keys }, machines: { issuers: [{ issuer: 'https://a/', audiences: ['b'] }] } },
    [/machines\.keys\.store: redis/],
  ],
  ['a difference between them', { session: { redis }, assertion: { keys } }, []],
]
for (const [without, overlay, fixes] of replicasWithout) {
  t.test(`several replicas without ${without}: ${fixes.length} warnings`, async (t) => {
    const text = JSON.stringify({ server: { replicas: 3 }, ...overlay })
    const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': text })
    t.match(
      warnings,
      fixes.map((fix) => ({ fix, path: ['server', 'replicas'] })),
    )
    t.equal(warnings.length, fixes.length)
  })
}

t.test("a rule outside of its upstream's rewrite gives a warning at the rule", async (t) => {
  const overlay = 'upstreams: { backstage: { rewrite: { from: /docs } } }'
  const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.match(warnings, [{ path: ['routes', 0, 'path'], fix: /answers other paths with 404/ }])
})

t.test('unsigned headers alone give two warnings', async (t) => {
  const { warnings } = await load(t, { 'a.yaml': least, 'b.yaml': 'assertion: { headers: [oauth2-proxy] }' })
  t.equal(warnings.length, 2)
})

t.test('a plain configuration gives no warnings', async (t) => {
  const { warnings } = await load(t, { 'a.yaml': least })
  t.same(warnings, [])
})
