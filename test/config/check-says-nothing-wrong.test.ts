import t from 'tap'

import { parseYaml } from '../../src/config/tree/parse-yaml.ts'
import { least, load, problemsIn } from './support.ts'

t.test('the fix of an unset variable proposes no default, least of all for a secret', async (t) => {
  const overlay = 'auth0: { clientSecrets: ["${AUTH0_CLIENT_SECRET}"] }'
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.match(problems, [{ fix: 'set AUTH0_CLIENT_SECRET in the environment' }])
  t.notMatch(JSON.stringify(problems), ':-')
})

const placeholders = [
  'changeme',
  'CHANGE_ME',
  'change-me-please-change-me-please-1234',
  'YOUR_CLIENT_SECRET',
  '<your-secret>',
  'xxxxxxxx',
  'replace-with-secret',
]

t.test('a placeholder is refused as a secret', async (t) => {
  for (const text of placeholders) {
    const overlay = `auth0: { clientSecrets: ['${text}'] }`
    t.match(await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay }), [{ expected: /not a placeholder/ }], text)
  }
  for (const text of ['hunter2-changeme', 'xylophone', 'yourself-and-others-0123456789']) {
    await load(t, { 'a.yaml': least, 'b.yaml': `auth0: { clientSecrets: ['${text}'] }` })
  }
})

t.test('an upstream that is Stagedoor itself is refused', async (t) => {
  for (const upstream of ['url: https://portal.example.com', 'urls: [http://10.0.0.1, https://portal.example.com]']) {
    const overlay = `upstreams: { other: { ${upstream} } }`
    t.match(
      await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay }),
      [{ expected: /Stagedoor itself/, fix: /7007/ }],
      upstream,
    )
  }
})

t.test('the fix of an issuer proposes a valid issuer', async (t) => {
  for (const issuer of [
    'https://tenant.eu.auth0.com',
    'https://tenant.eu.auth0.com/oauth',
    'https://tenant.eu.auth0.com/oauth/',
    'https://tenant.eu.auth0.com/?x',
  ]) {
    const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': `auth0: { issuer: '${issuer}' }` })
    t.match(problems, [{ fix: 'write https://tenant.eu.auth0.com/' }], issuer)
  }
})

t.test('the fix of mfa: true can be used as written', async (t) => {
  const overlay = 'routes: [{ name: a, path: /**, allow: { mfa: true } }]'
  t.match(await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay }), [
    { fix: 'write for example mfa: { within: 15m }' },
  ])
})

const openQuotes: [text: string, line: number, column: number][] = [
  ['server:\n  baseUrl: "https://a\nauth0:\n  issuer: "https://b"\n', 2, 12],
  ["server:\n  baseUrl: 'https://a\nauth0:\n  clientId: 'abc'\n", 2, 12],
  ["auth0:\n  scopes:\n    - 'openid\n    - 'profile'\n", 3, 7],
  ['a: 1\nb: "c\n', 2, 4],
]

t.test('an unclosed quote is reported at its opening', async (t) => {
  for (const [text, line, column] of openQuotes) {
    t.match(parseYaml('a.yaml', text).problems, [{ source: { line, column }, fix: /close the quote/ }], text)
  }
  t.same(parseYaml('a.yaml', "a: 'it''s'\nb: it's\nc: \"a \\\" b\"\n").problems, [])
})
