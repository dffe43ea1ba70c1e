import t from 'tap'

import { least, place, problemsIn } from './support.ts'

t.test('the problem of a missing option explains the option', async (t) => {
  const [problem] = await problemsIn(t, { 'a.yaml': least.replace('clientId: abc, ', '') })
  t.match(problem, { fix: /^add for example clientId: /, meaning: /Client ID of the/ })
  t.notOk(problem?.found)
})

t.test('the problems of an empty file list what every configuration needs', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': '' })
  t.same(
    problems.map(place),
    ['server', 'auth0', 'session', 'upstreams', 'routes'].map((name) => `a.yaml:1 ${name}`),
  )
  t.match(problems[0]?.fix, 'server: { baseUrl: https://portal.example.com }')
})

t.test('a file with only a list is refused', async (t) => {
  const problems = await problemsIn(t, { 'a.yaml': '- a' })
  t.match(problems, [
    { found: 'a list', expected: 'the options of Stagedoor', fix: /^write for example { server: { baseUrl: / },
  ])
  t.notMatch(problems[0]?.fix, '…')
})

t.test('a rule that names no upstream is refused when there is no default', async (t) => {
  const overlay = 'upstreams: { b: { url: "http://b" }, c: { url: "http://c" } }'
  const without = least.replace(/^upstreams.*$/m, overlay)
  const [problem] = await problemsIn(t, { 'a.yaml': without })
  t.match(problem, { path: ['routes', 0, 'upstream'], fix: /name one here/ })
})

t.test('no upstream at all is refused', async (t) => {
  const [problem] = await problemsIn(t, { 'a.yaml': least.replace(/^upstreams.*$/m, 'upstreams: {}') })
  t.match(problem, { found: 'an empty map', expected: 'at least one upstream' })
})

t.test('all problems are reported at once, in the order of their lines, with contradictions', async (t) => {
  const problems = await problemsIn(t, {
    'a.yaml': least,
    'b.yaml': 'session: { idleTimeout: 2d }\nlog: { level: loud }\nauth0: { clientId: 7 }\nzebra: 1\n',
  })
  t.same(problems.map(place), [
    'b.yaml:1 session.idleTimeout',
    'b.yaml:2 log.level',
    'b.yaml:3 auth0.clientId',
    'b.yaml:4 zebra',
  ])
})

t.test('a configuration error has one line for each problem', async (t) => {
  const { ConfigError } = await import('../../src/config/problem.ts')
  const source = { file: 'a.yaml', line: 3, column: 5 }
  const error = new ConfigError([{ source, path: ['routes', 2, 'allow'], expected: 'public', fix: 'write it' }])
  t.equal(error.message, 'a.yaml:3:5 routes[2].allow: expected public')
  t.equal(error.code, 'STAGEDOOR_CONFIG_INVALID')
})

t.test('the problem of an invalid domain has an example', async (t) => {
  const [problem] = await problemsIn(t, { 'a.yaml': least.replace(/issuer: '[^']*'/, 'domain: our tenant') })
  t.match(problem, { path: ['auth0', 'domain'], fix: 'write for example tenant.eu.auth0.com' })
})

t.test('a domain that gives no valid URL is refused', async (t) => {
  for (const domain of ['256.1.1.1', 'tenant.eu.auth0.com:99999']) {
    const [problem] = await problemsIn(t, { 'a.yaml': least.replace(/issuer: '[^']*'/, `domain: '${domain}'`) })
    t.match(problem, { path: ['auth0', 'domain'], fix: 'write for example tenant.eu.auth0.com' }, domain)
  }
})

t.test('a domain with a scheme is refused', async (t) => {
  const [problem] = await problemsIn(t, { 'a.yaml': least.replace('issuer: ', 'domain: ') })
  t.match(problem, { path: ['auth0', 'domain'], expected: /without https/, fix: /tenant\.eu\.auth0\.com/ })
})
