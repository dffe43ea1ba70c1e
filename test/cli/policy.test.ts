import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { type Run, runCommand } from '../support/command.ts'

/** Runs without secrets and environment, since a place that tests rules has neither. */
const config = `
server: { baseUrl: "\${STAGEDOOR_BASE_URL}" }
auth0: { issuer: "\${AUTH0_ISSUER}", clientSecrets: [{ $file: /nowhere/secret }], claims: { roles: ['https://*/roles'] } }
routes:
  - { name: health, path: /healthz, methods: [GET], allow: public }
  - { name: admin, path: /api/admin/**, hosts: [portal.example.com], allow: { all: [{ roles: [admin] }, { mfa: { within: 15m } }] } }
  - { name: everything, path: /**, allow: authenticated, upstream: backstage }
`

const table = `
people:
  jane: { 'https://x/roles': [admin], mfa: 5m }
  max: { roles: [dev] }
  ci: { kind: machine, scopes: [a] }
tests:
  - [anonymous, GET, /healthz, allow]
  - [max, GET, /catalog, allow]
  - [anonymous, GET, /catalog, deny, unauthenticated]
  - { who: jane, path: /api/admin/x, host: portal.example.com, expect: allow, rule: admin }
  - { who: max, path: /api/admin/x, host: portal.example.com, expect: deny, reason: role-missing, rule: admin }
  - [ci, POST, /x, allow]
  - [max, GET, /api//admin, refused, empty-segment]
`

async function run(t: Test, arguments_: string[], files: Record<string, string> = {}): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-policy-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries({ 'config.yaml': config, 'table.yaml': table, ...files })) {
    await writeFile(join(folder, name), text)
  }
  return runCommand(['policy', ...arguments_, '--config', join(folder, 'config.yaml')], { folder })
}

t.test('policy test decides on the same path as the gateway', async (t) => {
  const escaped = [
    'people: { max: { roles: [dev] } }',
    'tests:',
    '  - { who: anonymous, path: /health%7A, expect: allow, rule: health }',
    '  - { who: max, path: /api/%61dmin/x, host: portal.example.com, expect: deny, rule: admin }',
    '  - { who: max, path: /api/%2561dmin, expect: refused, reason: double-encoding }',
  ]
  t.same(await run(t, ['test', 'table.yaml'], { 'table.yaml': escaped.join('\n') }), {
    out: '3 passed, 0 failed\n',
    err: '',
    exitCode: 0,
  })
})

t.test('policy test passes a correct table, without secrets or environment', async (t) => {
  t.same(await run(t, ['test', 'table.yaml']), { out: '7 passed, 0 failed\n', err: '', exitCode: 0 })
})

t.test('policy test prints unexpected decisions as a diff, and exits with 1', async (t) => {
  const wrong = `
people: { max: { roles: [dev] } }
tests:
  - [max, GET, /healthz, allow]
  - [max, GET, /catalog, deny, role-missing]
  - { who: max, path: /catalog, expect: allow, rule: admin }
  - [max, GET, /a/../b, allow]
`
  const { out, exitCode } = await run(t, ['test', 'wrong.yaml'], { 'wrong.yaml': wrong })
  t.equal(exitCode, 1)
  t.equal(
    out,
    `wrong.yaml:5  max GET /catalog
  - deny role-missing
  + allow by rule everything
wrong.yaml:6  max GET /catalog
  - allow by rule admin
  + allow by rule everything
wrong.yaml:7  max GET /a/../b
  - allow
  + refused dot-segment
1 passed, 3 failed
`,
  )
})

const unreadable: [what: string, table: string, complaint: RegExp][] = [
  ['an unknown person', 'tests: [[nobody, GET, /, allow]]', /t\.yaml:1: nobody is not among people/],
  [
    'an unknown reason',
    'tests: [[anonymous, GET, /, deny, because]]',
    /because is not a reason: write one of no-rule, una/,
  ],
  ['an unknown key', 'tests: []\nrows: []', /t\.yaml:\d+: .*rows/],
  ['a row that is too short', 'tests: [[anonymous, GET]]', /t\.yaml:1: tests\.0/],
  ['a row that is too long', 'tests: [[anonymous, GET, /, deny, no-rule, x]]', /t\.yaml:1: tests\.0/],
  ['text that is no YAML', 'tests: [', /t\.yaml:\d+: /],
]
for (const [what, text, complaint] of unreadable) {
  t.test(`policy test refuses a table with ${what}, with exit code 2`, async (t) => {
    const { out, err, exitCode } = await run(t, ['test', 't.yaml'], { 't.yaml': text })
    t.match(err, complaint)
    t.same([out, exitCode], ['', 2])
  })
}

t.test('a missing table is reported', async (t) => {
  t.match(await run(t, ['test', 'none.yaml']), { err: /none\.yaml cannot be read/, exitCode: 2 })
})

t.test('invalid rules are reported with their lines, and nothing else', async (t) => {
  const { err, exitCode } = await run(t, ['list'], {
    'config.yaml': config.replace('allow: public', 'allow: publik'),
  })
  t.equal(exitCode, 2)
  t.match(err, /1 problem\.\n\nconfig\.yaml:5:\d+ {2}routes\[0\]\.allow/)
})

t.test('invalid claim names are reported, too', async (t) => {
  const ill = config.replace("['https://*/roles']", '7')
  t.match(await run(t, ['list'], { 'config.yaml': ill }), { err: /1 problem\.[^]*auth0\.claims\.roles/, exitCode: 2 })
})

t.test('policy explain shows each rule tried for a person of a table', async (t) => {
  const { out, exitCode, err } = await run(t, [
    'explain',
    'get',
    '/api/admin/x',
    '--as',
    'jane',
    '--people',
    'table.yaml',
    '--host',
    'Portal.example.com',
  ])
  t.same([exitCode, err], [0, ''])
  t.match(out, /^GET \/api\/admin\/x at portal\.example\.com: allow by rule admin\n/)
  t.match(out, /1\. health {2}no match: path is/)
  t.match(out, /\[x\] roles: wanted admin; has admin\n/)
})

const askers: [who: string, files: Record<string, string>, out: RegExp, err: RegExp | ''][] = [
  ['anonymous', {}, /deny unauthenticated by rule everything/, ''],
  ['claims.json', { 'claims.json': '{"sub":"auth0|x","https://y/roles":["admin"]}' }, /allow by rule everything/, ''],
  ['jane@example.com', {}, /allow by rule everything/, /note: This assumes that jane@example\.com is verified/],
  ['auth0|64f1', {}, /allow by rule everything/, /note: This assumes that auth0\|64f1 has no roles/],
]
for (const [who, files, out, err] of askers) {
  t.test(`policy explain --as ${who}`, async (t) => {
    const seen = await run(t, ['explain', 'GET', '/x', '--as', who], files)
    t.match(seen.out, out)
    t.match(seen.err, err)
    t.equal(seen.exitCode, 0)
  })
}

t.test('policy explain says that a path gets 400 if no rule has paths: as-is for it', async (t) => {
  const seen = await run(t, ['explain', 'GET', '/a//b', '--as', 'anonymous'])
  t.match(seen.out, /deny unauthenticated by rule everything\n/)
  t.match(seen.out, /\n400 whatever the rules decide: a path with empty-segment passes only where .*paths: as-is.*\n$/)
  t.equal(seen.exitCode, 0)
})

t.test("policy explain uses the spelling of a path that the gateway's rules see", async (t) => {
  const { out } = await run(t, ['explain', 'GET', '/%61pi', '--as', 'anonymous'])
  t.match(out, /^GET \/api: /)
})

const refusedQuestions: [what: string, arguments_: string[], files: Record<string, string>, err: RegExp][] = [
  ['nobody known', ['GET', '/x', '--as', 'jane'], {}, /jane is not a known person/],
  ['nobody of the table', ['GET', '/x', '--as', 'eve', '--people', 'table.yaml'], {}, /eve is not a known person/],
  ['a file without claims', ['GET', '/x', '--as', 'list.json'], { 'list.json': '[1]' }, /holds no claims/],
  [
    'a path that is not canonical',
    ['GET', '/a/../b', '--as', 'anonymous'],
    {},
    /gets 400 whatever the rules say.*dot-segment/,
  ],
]
for (const [what, arguments_, files, err] of refusedQuestions) {
  t.test(`policy explain refuses ${what} with exit code 2`, async (t) => {
    t.match(await run(t, ['explain', ...arguments_], files), { out: '', err, exitCode: 2 })
  })
}

t.test('a complete configuration works as well, with its own settings', async (t) => {
  const whole = `
server: { baseUrl: 'https://portal.example.com' }
auth0: { issuer: 'https://tenant.eu.auth0.com/', clientId: abc, clientSecrets: [shh] }
session: { secrets: [0123456789abcdef0123456789abcdef] }
upstreams: { other: { url: 'http://127.0.0.1:7007' } }
admin: { allow: { roles: [root] } }
policy: { contact: us }
routes: [{ name: everything, path: /**, allow: authenticated, paths: as-is }]
`
  t.match(await run(t, ['list'], { 'config.yaml': whole }), { out: / authenticated {2}other\n/, exitCode: 0 })
  const slash = await run(t, ['explain', 'GET', '/a%2Fb', '--as', 'anonymous'], { 'config.yaml': whole })
  t.match(slash.out, 'deny unauthenticated by rule everything')
})

t.test('policy list shows what each rule covers, and which rules are never reached', async (t) => {
  const late = `${config}  - { name: late, path: /late, allow: { not: { groups: [a, b] } } }\n`
  const { out, exitCode } = await run(t, ['list'], { 'config.yaml': late })
  t.equal(exitCode, 0)
  const lines = out.split('\n')
  t.equal(
    lines[0],
    '#  rule        methods  host                path           who passes                                        goes to',
  )
  t.equal(
    lines[1],
    '1  health      GET      all                 /healthz       public                                            backstage',
  )
  t.match(lines[2], /^2 {2}admin .* roles: admin and mfa: a second factor within 15m {2}backstage$/)
  t.match(lines[4], /^4 {2}late .* not groups: a, b /)
  t.match(
    out,
    /requests that no rule matches are refused\nwarning: late is never reached: everything above it matches all of it\n$/,
  )
})

t.test('the examples of docs/policy.md are correct', async (t) => {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'policy.md'), 'utf8')
  const [written = '', tests = ''] = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, block = '']) => block)
  const claims = "auth0: { claims: { roles: ['https://*/roles'] } }\n"
  const files = { 'config.yaml': written + claims, 'policy-tests.yaml': tests }
  t.match(await run(t, ['test', 'policy-tests.yaml'], files), { out: '4 passed, 0 failed\n', exitCode: 0 })

  const asked = ['explain', 'GET', '/api/admin/users', '--as', 'jane', '--people', 'policy-tests.yaml']
  const { out } = await run(t, asked, files)
  t.match(page, out)

  const opened = { ...files, 'config.yaml': files['config.yaml'].replace('allow: authenticated', 'allow: public') }
  t.match(page, (await run(t, ['test', 'policy-tests.yaml'], opened)).out)
})

t.test(
  'policy explain answers invalid input: for a URL with its path, for a method that is not forwarded with its status',
  async (t) => {
    const explain = (...words: string[]) => run(t, ['explain', ...words, '--as', 'anonymous'])
    t.match(await explain('GET', 'https://x.example/api?y=1'), {
      exitCode: 2,
      err: /is not a path: write only the path of the URL, \/api\./,
    })
    t.match(await explain('get', 'catalog'), { exitCode: 2, err: /for example \/catalog\./ })
    t.match(await explain('FOO', '/x'), { exitCode: 2, err: /^FOO gets 405 whatever the rules say/ })
  },
)
