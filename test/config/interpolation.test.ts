import t from 'tap'

import { least, load, place, problemsIn } from './support.ts'

const env = { HOST: 'portal.example.com', EMPTY: '', PORT: '9000', TRICKY: '${HOST}' }

const accepted: [string, string, string][] = [
  ['a variable', 'https://${HOST}', 'https://portal.example.com'],
  ['a variable beside text', 'https://a.${HOST}:${PORT}', 'https://a.portal.example.com:9000'],
  ['a default', 'https://${NOWHERE:-b.example}', 'https://b.example'],
  ['a default for an empty variable', 'https://${EMPTY:-b.example}', 'https://b.example'],
  ['a variable that beats its default', 'https://${HOST:-b.example}', 'https://portal.example.com'],
]
for (const [what, written, expected] of accepted) {
  t.test(`${what} is filled in`, async (t) => {
    const { config } = await load(t, { 'a.yaml': least, 'b.yaml': `server:\n  baseUrl: "${written}"\n` }, env)
    t.equal(config.server.baseUrl, expected)
  })
}

t.test('a doubled dollar is a literal dollar, and values of variables are not interpolated again', async (t) => {
  const overlay = 'assertion: { audience: "$${HOST} ${TRICKY}" }'
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay }, env)
  t.equal(config.assertion.audience, '${HOST} ${HOST}')
})

t.test('digits from the environment become a number if the option is a number', async (t) => {
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': 'server: { listen: { port: "${PORT}" } }' }, env)
  t.equal(config.server.listen.port, 9000)
})

const refused: [string, string, RegExp, RegExp][] = [
  ['a variable that is not set', '${NOWHERE}', /NOWHERE}, which is not set/, /set NOWHERE in the environment/],
  ['a variable that is empty', '${EMPTY}', /EMPTY}, which is empty/, /set EMPTY in the environment/],
  ['a reference that is not closed', '${HOST', /\$\{HOST/, /\$\$\{/],
  ['a default with a variable in it', '${HOST:-${EMPTY}}', /\$\{HOST:-\$\{EMPTY\}/, /a default is plain text/],
  ['a reference that is no name', '${a b}', /\$\{a b\}/, /\$\$\{/],
]
for (const [what, written, found, fix] of refused) {
  t.test(`${what} is refused with its line, once`, async (t) => {
    const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': `server:\n  baseUrl: "${written}"\n` }, env)
    t.match(problems, [{ found, fix, meaning: /URL people type/ }])
    t.same(problems.map(place), ['b.yaml:2 server.baseUrl'])
  })
}

t.test('a variable missing in an overridden value does not matter', async (t) => {
  const below = least.replace("'https://portal.example.com'", '"${NOWHERE}"')
  const { config } = await load(t, { 'a.yaml': below, 'b.yaml': 'server: { baseUrl: "https://b.example" }' })
  t.equal(config.server.baseUrl, 'https://b.example')
})

t.test('an option with an empty default counts as absent, and so does a section of such options', async (t) => {
  const overlay =
    'auth0: { audience: "${NOWHERE:-}", scopes: [openid, "${NOWHERE:-}"] }\nsession: { redis: { url: "${NOWHERE:-}" } }'
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.notOk('audience' in config.auth0)
  t.same(config.auth0.scopes, ['openid'])
  t.notOk(config.session.redis)
  t.equal(config.session.store, 'cookie')
})

t.test('a variable can set a number, a share and a boolean', async (t) => {
  const overlay =
    'server: { listen: { port: "${PORT}" } }\nlog: { requests: { sampleRatio: "${SHARE}" } }\nauth0: { typedLogoutTokens: "${TYPED}" }'
  const env = { PORT: '8443', SHARE: '0.25', TYPED: 'true' }
  const { config } = await load(t, { 'a.yaml': least, 'b.yaml': overlay }, env)
  t.equal(config.server.listen.port, 8443)
  t.equal(config.log.requests.sampleRatio, 0.25)
  t.equal(config.auth0.typedLogoutTokens, true)
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay }, { ...env, SHARE: '25', TYPED: 'maybe' })
  t.match(problems, [{ expected: 'a number from 0 to 1' }, { expected: 'true or false' }])
})

t.test('a problem after a dropped list entry is reported at the right line', async (t) => {
  const overlay = 'server:\n  trustedProxies:\n    - "${NOWHERE:-}"\n    - "${MISSING}"\n    - wrong\n'
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.same(problems.map(place), ['b.yaml:4 server.trustedProxies[0]', 'b.yaml:5 server.trustedProxies[1]'])
})

t.test('the problem of an empty required option names the variable to set', async (t) => {
  const overlay = 'auth0: { clientId: "${AUTH0_CLIENT_ID:-}" }'
  const [problem] = await problemsIn(t, { 'a.yaml': least, 'b.yaml': overlay })
  t.match(problem, { fix: /^set AUTH0_CLIENT_ID in the environment, or add for example clientId/ })
})

t.test('a missing variable in an unknown option is reported together with the option', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': least, 'b.yaml': 'zebra: "${NOWHERE}"' })
  t.match(problems, [{ found: /NOWHERE/ }])
})
