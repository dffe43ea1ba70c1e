import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { type LocalAuth0, startLocalAuth0 } from '../../auth0/local/server.ts'
import { distance } from '../../src/cli/token/table.ts'
import { type Run as CommandRun, runCommand } from '../support/command.ts'
import { encode, forge, goodToken, machineToken } from '../support/machine.ts'

type Run = CommandRun & { asked: string[] }
type RunOptions = { input?: string; env?: NodeJS.ProcessEnv; folder?: string; now?: number }

async function run(command: string[], { input = '', env = {}, folder = '/', now }: RunOptions = {}): Promise<Run> {
  const asked: string[] = []
  const spy: typeof fetch = (url, init) => {
    asked.push(url instanceof Request ? url.url : url.toString())
    return fetch(url, init)
  }
  const surroundings = { readInput: async () => input, fetch: spy, now: () => now ?? Date.now() }
  return { ...(await runCommand(['token', ...command], { env, folder, ...surroundings })), asked }
}

async function startAuth0(t: Test): Promise<LocalAuth0> {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  return auth0
}

t.test('decode shows header, claims, readable times and meanings, without any request', async (t) => {
  const token = `${encode({ alg: 'RS256', kid: 'k' })}.${encode({ iss: 'https://t/', exp: 1_700_000_000, x: 1 })}.AAAA`
  const { out, exitCode, asked } = await run(['decode', token], { now: 1_700_000_000_000 - 7_200_000 })
  t.equal(exitCode, 0)
  t.same(asked, [])
  t.equal(
    out,
    [
      'Header',
      '  alg  "RS256"  (how it is signed)',
      '  kid  "k"  (id of the key that signed it)',
      '',
      'Claims',
      '  iss  "https://t/"  (who made it; compared as text, last slash included)',
      '  exp  1700000000  2023-11-14 22:13:20 UTC, in 2 h  (when it ends)',
      '  x    1',
      '',
    ].join('\n'),
  )
})

t.test('decode reads a token from standard input, as copied from a header', async (t) => {
  const token = `${encode({ alg: 'RS256' })}.${encode({ sub: 'x' })}.AAAA`
  for (const input of [token, `Bearer ${token}\n`, `Authorization: bearer ${token}\r\n`]) {
    t.match(await run(['decode'], { input }), { exitCode: 0, out: /sub {2}"x"/ })
    t.match(await run(['decode', '-'], { input }), { exitCode: 0 })
  }
})

t.test('decode says why its input is no token', async (t) => {
  t.match(await run(['decode', 'opaque']), { exitCode: 1, err: /\(opaque\).*asked without `audience`/ })
  t.match(await run(['decode', 'a.b.c.d.e']), { exitCode: 1, err: /Token Encryption/ })
})

t.test('a token cannot write control characters to the terminal', async (t) => {
  const claims = { sub: '\u001b[2J\u202e\u009bx', exp: 9e15 }
  const { out } = await run(['decode', `${encode({ alg: 'RS256' })}.${encode(claims)}.AAAA`])
  for (const control of ['\u001b', '\u202e', '\u009b']) t.notOk(out.includes(control))
  t.match(out, /9000000000000000, which is not a time/)
})

t.test('durations have one unit', async (t) => {
  const rows: [number, string][] = [
    [0, 'in 0 s'],
    [59_999, 'in 59 s'],
    [-60_000, '1 min ago'],
    [7_200_000, 'in 2 h'],
    [-172_800_000, '2 d ago'],
  ]
  for (const [ms, text] of rows) t.equal(distance(ms), text)
})

function configOf(auth0: LocalAuth0, machines: string): string {
  return `
server: { baseUrl: 'https://portal.example.com' }
auth0: { issuer: '${auth0.issuer}', clientId: '${auth0.clientId}', clientSecrets: [hunter2] }
session: { secrets: [0123456789abcdef0123456789abcdef] }
upstreams: { backstage: { url: 'http://127.0.0.1:7007' } }
routes: [{ name: everything, path: /**, allow: authenticated }]
machines: ${machines}
`
}

t.test('verify makes each check and reports cause and remedy of failures', async (t) => {
  const auth0 = await startAuth0(t)
  const folder = t.testdir({ 'a.yaml': configOf(auth0, `{ audiences: ['${auth0.audience}'] }`) })
  const verify = (token: string) => run(['verify', token, '--config', join(folder, 'a.yaml')], { folder })

  const good = await verify(machineToken(auth0))
  t.equal(good.exitCode, 0)
  t.notMatch(good.out, '✗')
  t.match(good.out, '✓ signature is the issuer’s')
  t.same(good.asked, [`${auth0.issuer}.well-known/openid-configuration`, `${auth0.issuer}.well-known/jwks.json`])

  const audience = await verify(machineToken(auth0, { aud: 'urn:other', exp: 1 }))
  t.equal(audience.exitCode, 1)
  t.match(
    audience.out,
    /✗ is meant for us \(audience-mismatch\)\n.*another API.*\n.*Applications → APIs.*\n {4}Accepted: https/,
  )
  t.match(audience.out, '✗ is valid now (expired)', 'all faults at once')
  t.match(audience.out, '✓ signature is the issuer’s')

  const rows: [string, RegExp][] = [
    ['opaque', /✗ is a signed token \(JWS\) \(opaque\)\n.*without `audience`/],
    [machineToken(auth0, { iss: auth0.issuer.slice(0, -1) }), /issuer-slash\)\n.*last slash/],
    [machineToken(auth0, { iss: 'https://custom.example.com/' }), /issuer-unknown\)\n.*custom domain/],
    [machineToken(auth0, { aud: auth0.clientId }), /id-token\)\n.*ID token/],
    [machineToken(auth0, { iat: 9e9 }), /issued-in-future\)\n.*clock/],
    [
      forge(auth0.signingKey(), { ...goodToken(auth0).header, alg: 'HS256' }, {}),
      /algorithm-symmetric\)\n.*HS256.*\n.*RS256/,
    ],
    [machineToken(auth0, {}, { kid: 'gone' }), /key-unknown/],
    [machineToken(auth0, {}, { typ: 'vnd.backstage.user' }), /backstage-token/],
    [machineToken(auth0, {}, { typ: 7 }), /type-unknown/],
  ]
  for (const [token, expected] of rows) t.match(await verify(token), { exitCode: 1, out: expected })

  auth0.switches.down('error')
  const down = await verify(machineToken(auth0))
  t.match(down, { exitCode: 1, out: /✗ signature.*\n {4}The issuer’s keys cannot be fetched/, err: /answered 503/ })
})

t.test('decode and verify give scripts JSON, and the same exit codes', async (t) => {
  const auth0 = await startAuth0(t)
  const folder = t.testdir({ 'a.yaml': configOf(auth0, "{ audiences: ['https://backstage.example.com/api'] }") })
  const token = machineToken(auth0, { aud: 'urn:other' })
  const decoded = await run(['decode', '--json'], { input: token })
  t.equal(decoded.exitCode, 0)
  t.match(JSON.parse(decoded.out), { header: { alg: 'RS256' }, claims: { aud: 'urn:other', iss: auth0.issuer } })
  const verify = async (input: string) => {
    const seen = await run(['verify', '--json', '--config', join(folder, 'a.yaml')], { input, folder })
    return { ...JSON.parse(seen.out), exitCode: seen.exitCode }
  }
  const refused = await verify(token)
  t.match(refused, { accepted: false, exitCode: 1 })
  t.same(
    refused.checks.filter(({ ok }: { ok: boolean }) => !ok).map(({ reason }: { reason: string }) => reason),
    ['audience-mismatch'],
  )
  t.match(await verify(machineToken(auth0)), { accepted: true, exitCode: 0 })
})

t.test('verify reports a configuration that accepts no tokens or is invalid', async (t) => {
  const auth0 = await startAuth0(t)
  const folder = t.testdir({ 'a.yaml': configOf(auth0, '{}'), 'b.yaml': 'nonsense: 1' })
  const empty = await run(['verify', machineToken(auth0), '--config', join(folder, 'a.yaml')], { folder })
  t.match(empty, { exitCode: 1, err: /machines.audiences is empty/, out: /Accepted: nobody/, asked: { length: 0 } })
  const broken = await run(['verify', 'x', '--config', join(folder, 'b.yaml')], { folder })
  t.match(broken, { exitCode: 1, err: /nonsense/ })
})

function fetchEnvironment(t: Test, auth0: LocalAuth0): NodeJS.ProcessEnv {
  return {
    XDG_CACHE_HOME: t.testdir({}),
    AUTH0_ISSUER: auth0.issuer,
    AUTH0_AUDIENCE: auth0.audience,
    STAGEDOOR_MACHINE_CLIENT_ID: auth0.machine.clientId,
    STAGEDOOR_MACHINE_CLIENT_SECRET: auth0.machine.clientSecret,
  }
}

t.test('fetch prints a token and caches it, readable by its owner only, until it is about to expire', async (t) => {
  const auth0 = await startAuth0(t)
  const env = fetchEnvironment(t, auth0)
  const first = await run(['fetch'], { env })
  t.match(first, { exitCode: 0, out: /^eyJ[\w.-]+\n$/, err: '' })
  t.equal((await run(['fetch'], { env })).out, first.out)
  t.equal(auth0.counters.token, 1, 'the second came from the disk')
  const folder = join(env['XDG_CACHE_HOME'] ?? '', 'stagedoor')
  const [file = ''] = await readdir(folder)
  t.equal((await stat(join(folder, file))).mode & 0o777, 0o600)
  t.notMatch(await readFile(join(folder, file), 'utf8'), auth0.machine.clientSecret)

  await run(['fetch'], { env, now: Date.now() + 86_400_000 * 0.95 })
  t.equal(auth0.counters.token, 2, 'near its end it is asked for anew')
  await run(['fetch', '--no-cache'], { env })
  await run(['fetch', '--scope', 'read:catalog'], { env })
  t.equal(auth0.counters.token, 4, 'another scope is another token')
  for (const name of await readdir(folder)) await writeFile(join(folder, name), 'garbage')
  t.equal((await run(['fetch'], { env })).exitCode, 0)
})

t.test('fetch prints a token that it cannot cache, with a warning', async (t) => {
  const auth0 = await startAuth0(t)
  const env = { ...fetchEnvironment(t, auth0), XDG_CACHE_HOME: '/dev/null' }
  t.match(await run(['fetch'], { env }), {
    exitCode: 0,
    out: /^eyJ[\w.-]+\n$/,
    err: /^The token could not be kept: \/dev\/null.* ENOTDIR/,
  })
})

t.test('fetch takes the secret from a file, and never from the command line', async (t) => {
  const auth0 = await startAuth0(t)
  const { STAGEDOOR_MACHINE_CLIENT_SECRET: secret = '', ...env } = fetchEnvironment(t, auth0)
  const folder = t.testdir({ secret: `${secret}\n` })
  const withCache = { ...env, XDG_CACHE_HOME: join(folder, 'cache') }
  t.match(await run(['fetch', '--secret-file', join(folder, 'secret')], { env: withCache }), { exitCode: 0 })
  t.match(await run(['fetch', '--secret-file', join(folder, 'none')], { env: withCache }), {
    exitCode: 1,
    err: /cannot be read/,
  })
  t.match(await run(['fetch'], { env: withCache }), { exitCode: 1, err: /Missing: --secret-file or STAGEDOOR_MACHINE/ })
})

t.test('fetch reports all missing options at once, with its help', async (t) => {
  const lacks =
    /^Missing: --issuer .*; --client-id .*; --secret-file .*; --audience .*\.\n\(stagedoor token fetch --help/
  t.match(await run(['fetch'], { env: {} }), { exitCode: 1, err: lacks })
})

t.test('a missing token is reported', async (t) => {
  t.match(await run(['decode'], { input: '\n' }), { exitCode: 1, err: /^No token: give it as an argument/ })
  const auth0 = await startAuth0(t)
  const folder = t.testdir({ 'a.yaml': configOf(auth0, '{}') })
  t.match(await run(['verify', '--config', join(folder, 'a.yaml')]), { exitCode: 1, out: '', err: /^No token: / })
})

t.test('fetch explains refusals, with the place in the dashboard', async (t) => {
  const auth0 = await startAuth0(t)
  const env = fetchEnvironment(t, auth0)
  const err = async (change: NodeJS.ProcessEnv) => (await run(['fetch'], { env: { ...env, ...change } })).err
  t.match(await err({ STAGEDOOR_MACHINE_CLIENT_SECRET: 'wrong' }), /Basic Information/)
  t.match(await err({ AUTH0_AUDIENCE: 'https://nobody.example/' }), /No API has the identifier/)
  t.match(
    await err({ STAGEDOOR_MACHINE_CLIENT_ID: auth0.clientId, STAGEDOOR_MACHINE_CLIENT_SECRET: auth0.clientSecret }),
    /Grant Types/,
  )
  t.match(await err({ AUTH0_ISSUER: 'http://127.0.0.1:1/' }), /gives no usable answer/)
  t.match(
    await err({ AUTH0_ISSUER: '', AUTH0_DOMAIN: '127.0.0.1:1' }),
    /https:\/\/127.0.0.1:1\/ gives no usable answer/,
  )
  auth0.switches.setClient(auth0.machine.clientId, { apiScopes: {} })
  t.match(await err({}), /Machine to Machine Applications/)
})
