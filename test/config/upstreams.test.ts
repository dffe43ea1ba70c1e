import { join } from 'node:path'

import t from 'tap'

import { audienceOf, signInPathOf } from '../../src/config/derived-settings.ts'
import { unreachableByRewrite } from '../../src/config/upstream-checks.ts'
import { least, load } from './support.ts'

const several = `
upstreams:
  docs: { urls: ['http://10.0.0.1', 'unix:/run/docs.sock'], health: { path: /health }, rewrite: { from: /docs } }
  search: { url: 'http://search', assertion: { audience: urn:search, headers: [oauth2-proxy] } }
`

t.test('an upstream has one address or several, and sensible limits', async (t) => {
  const { config, warnings } = await load(t, { 'a.yaml': least, 'b.yaml': several })
  const { backstage, docs, search } = config.upstreams
  t.match(backstage, { urls: ['http://127.0.0.1:7007'], coolDown: 10_000 })
  t.match(docs, {
    urls: ['http://10.0.0.1', 'unix:/run/docs.sock'],
    health: { path: '/health', every: 10_000, timeout: 2_000 },
    rewrite: { from: '/docs', to: '/' },
  })
  t.match(search, { assertion: { audience: 'urn:search', headers: ['oauth2-proxy'] } })
  t.same(warnings, [])
})

t.test('every upstream gets its own audience unless one is configured', async (t) => {
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': several })
  t.same(
    Object.keys(config.upstreams).map((name) => audienceOf(name, config)),
    ['urn:stagedoor:backstage', 'urn:stagedoor:docs', 'urn:search'],
  )
})

t.test(
  "changed roles are sent to Backstage's sign-in, to other upstreams at their configured path, and to none that opts out",
  async (t) => {
    const others = `
upstreams:
  docs: { url: 'http://docs' }
  wiki: { url: 'http://wiki', assertion: { signInPath: /login } }
`
    const { config } = await load(t, { 'a.yaml': least, 'b.yaml': others })
    const paths = ['backstage', 'docs', 'wiki', 'nowhere'].map((name) => signInPathOf(name, config))
    t.same(paths, ['/api/auth/stagedoor/refresh', undefined, '/login', undefined])
    const off = 'upstreams: { backstage: { assertion: { signInPath: off } } }'
    t.equal(signInPathOf('backstage', (await load(t, { 'a.yaml': least, 'b.yaml': off })).config), undefined)
  },
)

const rules: [path: string, from: string, count: number][] = [
  ['/docs/**', '/docs', 0],
  ['/docs', '/docs/', 0],
  ['/DOCS/a', '/docs', 0],
  ['/**', '/', 0],
  ['/**', '/docs', 1],
  ['/docsets/**', '/docs', 1],
]
for (const [path, from, count] of rules) {
  t.test(
    `a rule for ${path} ${count === 0 ? 'matches' : 'does not match'} an upstream that rewrites ${from}`,
    async (t) => {
      const { config } = await load(t, { 'a.yaml': least })
      const [rule] = config.routes
      const [backstage] = Object.values(config.upstreams)
      if (rule === undefined || backstage === undefined) throw new Error('the least configuration lacks them')
      const upstreams = { backstage: { ...backstage, rewrite: { from, to: '/' } } }
      t.equal([...unreachableByRewrite(upstreams, [{ ...rule, path }])].length, count)
    },
  )
}

t.test('a rule with an unknown upstream is reported only once', async (t) => {
  const { config } = await load(t, { 'a.yaml': least })
  const rules = config.routes.map((rule) => ({ ...rule, upstream: 'nowhere' }))
  t.same([...unreachableByRewrite(config.upstreams, rules)], [])
})

t.test('this check ignores rules without a default upstream', async (t) => {
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': several })
  const { backstage: _, ...others } = config.upstreams
  t.same([...unreachableByRewrite(others, config.routes)], [])
})

t.test('certificates and their key are read from files, and the key is a secret', async (t) => {
  const file = (name: string): string =>
    `{ $file: ${join(import.meta.dirname, '..', 'support', 'tls', `${name}.pem`)} }`
  const tls = `{ ca: ${file('ca')}, certificate: ${file('client')}, key: ${file('client-key')}, serverName: w }`
  const overlay = `upstreams: { web: { url: 'https://w', tls: ${tls} } }`
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  const { ca, certificate, key } = config.upstreams['web']?.tls ?? {}
  t.match([ca, certificate], [/BEGIN CERTIFICATE/, /BEGIN CERTIFICATE/])
  t.match(key?.reveal(), /BEGIN PRIVATE KEY/)
  t.equal(String(key), '[secret]')
})
