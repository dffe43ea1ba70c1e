import t from 'tap'

import { backstageKeysUrl, defaultUpstream, upstreamOfRule } from '../../src/config/derived-settings.ts'
import { least, load } from './support.ts'

const named = (names: string[]) => Object.fromEntries(names.map((name) => [name, {}]))

const defaults: [string, string[], string | undefined][] = [
  ['the only one', ['web'], 'web'],
  ['backstage among several', ['web', 'backstage'], 'backstage'],
  ['none of several', ['web', 'docs'], undefined],
]
for (const [what, names, expected] of defaults) {
  t.test(`rules without an upstream go to ${what}`, async (t) => {
    t.equal(defaultUpstream(named(names)), expected)
  })
}

t.test('a rule goes to its upstream, or else to the default one', async (t) => {
  t.equal(upstreamOfRule({ upstream: 'docs' }, named(['backstage', 'docs'])), 'docs')
  t.equal(upstreamOfRule({}, named(['web'])), 'web')
  t.equal(upstreamOfRule({}, {}), 'backstage', 'rules are tested without upstreams, too')
})

const web = "web: { url: 'http://web' }"
const keys: [where: string, overlay: string, expected: string][] = [
  [
    'Backstage',
    `upstreams: { ${web} }\nmachines: { backstageTokens: { rules: [everything] } }`,
    'http://127.0.0.1:7007',
  ],
  [
    'the upstream of the first rule that takes its tokens',
    `upstreams: { ${web} }
routes: [{ name: mcp, path: /mcp, allow: authenticated, upstream: web }, { name: rest, path: /**, allow: authenticated }]
machines: { backstageTokens: { rules: [mcp, rest] } }`,
    'http://web',
  ],
]
for (const [where, overlay, expected] of keys) {
  t.test(`the keys of Backstage are read from ${where}`, async (t) => {
    const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
    t.equal(backstageKeysUrl(config), `${expected}/api/auth/.well-known/jwks.json`)
  })
}

t.test('the keys of Backstage are read from the configured URL', async (t) => {
  const jwksUrl = 'http://keys.internal/jwks.json'
  const overlay = `machines: { backstageTokens: { rules: [everything], jwksUrl: '${jwksUrl}' } }`
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.equal(backstageKeysUrl(config), jwksUrl)
})
