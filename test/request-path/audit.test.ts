import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'
import { request } from 'undici'

import { temporaryFolder, verdictOn } from '../audit/support.ts'
import type { Browser } from '../support/browser.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const cookieOf = (browser: Browser, url: string): string =>
  [...browser.cookiesOf(url)].map(([name, value]) => `${name}=${value}`).join('; ')

t.test(
  'an admin action is recorded before it reaches the upstream, and its answer before it reaches the client',
  async (t) => {
    const path = join(await temporaryFolder(t), 'audit.jsonl')
    const records = async () => {
      const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    }
    const actions = async () => (await records()).filter(({ event }) => event === 'admin-action')
    let atUpstream: unknown[] = []
    const stack = await startStack(t, {
      config: { audit: { sinks: [{ file: { path } }] } },
      upstream(_request, response) {
        void actions().then((seen) => {
          atUpstream = seen
          response.writeHead(204).end()
        })
      },
    })
    const { browser } = await stack.signIn()
    const url = `${stack.url}/api/catalog/locations/123`
    const answer = await fetch(url, { method: 'DELETE', headers: { cookie: cookieOf(browser, stack.url) } })
    const seen = await actions()
    t.equal(answer.status, 204)
    const common = {
      class: 'catalog-write',
      method: 'DELETE',
      path: '/api/catalog/locations/123',
      upstream: 'backstage',
    }
    t.match(atUpstream, [{ ...common, phase: 'begun', principal: { name: 'Jane Doe' } }])
    t.match(seen, [
      { ...common, phase: 'begun' },
      { ...common, phase: 'answered', status: 204, outcome: 'allow', request_id: answer.headers.get('x-request-id') },
    ])
    t.equal(seen.length, 2, 'there is no third record, of the decision')
    const refused = await request(url, { method: 'DELETE' })
    t.equal(refused.statusCode, 401)
    t.match((await actions()).at(-1), { phase: 'answered', outcome: 'deny', reason: 'unauthenticated', status: 401 })
    await stack.app.close()
    const lines = (await records()).map((record) => JSON.stringify(record))
    const checkpoints = (await readFile(`${path}.checkpoints`, 'utf8')).split('\n').filter(Boolean)
    t.same(verdictOn(lines, { checkpoints }).faults, [])
    const written = (await records()).map(({ event }) => event)
    const signedIn = ['decision', 'login', 'decision']
    const asked = ['admin-action', 'admin-action', 'admin-action']
    t.same(written, ['start', 'key', ...signedIn, ...asked, 'stop', 'checkpoint'])
  },
)

t.test('a rule with an audit class makes its requests admin actions', async (t) => {
  const routes = [
    { name: 'notes', path: '/notes', allow: 'authenticated', audit: 'notes' },
    { name: 'secret', path: '/secret', allow: { roles: ['nobody'] }, audit: 'secrets' },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ]
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn()
  await browser.fetch(`${stack.url}/notes`)
  await browser.fetch(`${stack.url}/secret`)
  const actions = stack.records().filter(({ event }) => event === 'admin-action')
  t.match(actions, [
    { class: 'notes', phase: 'begun', rule: 'notes' },
    { class: 'notes', phase: 'answered', status: 200 },
    { class: 'secrets', phase: 'answered', outcome: 'deny', reason: 'role-missing', status: 403 },
  ])
})

t.test('while a blocking sink fails, admin actions are refused and all other requests succeed', async (t) => {
  const full = { path: '/dev/full', onFailure: 'block' }
  const stack = await startStack(t, { config: { audit: { sinks: [{ file: full }, { stdout: {} }] } } })
  const { browser } = await stack.signIn()
  const post = () =>
    browser.fetch(`${stack.url}/api/catalog/locations`, { method: 'POST', headers: { origin: stack.url } })
  t.match(await post(), { status: 503, text: /STAGEDOOR_AUDIT_UNAVAILABLE/ })
  t.equal((await browser.fetch(`${stack.url}/catalog`)).status, 200)
  t.same(stack.origin.seen.filter(({ method }) => method === 'POST').length, 0, 'nothing was done')
  await until(() => stack.logged.some(({ msg }) => msg === 'a sink of the audit trail fails'))
  const ready = await stack.admin.inject('/.stagedoor/health/ready')
  t.match(ready.body, /audit file \/dev\/full","status":"degraded","reason":"ENOSPC[^"]*admin actions are refused/)
  const metrics = (await stack.admin.inject('/metrics')).body
  t.match(metrics, 'stagedoor_audit_sink_up{sink="file /dev/full"} 0')
  t.match(metrics, /stagedoor_audit_sink_waiting\{sink="file \/dev\/full"\} [1-9]/)
  const revoke = await browser.fetch(`${stack.url}/.stagedoor/admin/sessions/revoke`, { method: 'POST' })
  t.equal(revoke.status, 403)
  await stack.app.close()
  const said = stack.logged.filter(({ msg }) => msg === 'the process ends while a sink of the audit trail fails')
  t.match(said, [{ level: 50, sink: 'file /dev/full', reason: /ENOSPC/, lost: 0 }])
  t.ok(Number(said[0]?.['waiting']) > 0, 'how many records end with it')
})

t.test('a sink that recovers receives the waiting records, and admin actions are allowed again', async (t) => {
  const folder = await temporaryFolder(t)
  // A file in place of the folder: no user, not even root, can write into it.
  await writeFile(`${folder}/log`, '')
  const path = `${folder}/log/audit.jsonl`
  const stack = await startStack(t, { config: { audit: { sinks: [{ file: { path } }] } } })
  const { browser } = await stack.signIn()
  const headers = { origin: stack.url }
  const post = async () =>
    (await browser.fetch(`${stack.url}/api/catalog/locations`, { method: 'POST', headers })).status
  t.equal(await post(), 503)
  await until(() => stack.logged.some(({ msg }) => msg === 'a sink of the audit trail fails'))
  await rm(`${folder}/log`)
  t.equal(await post(), 200)
  await until(() => stack.logged.some(({ msg }) => msg === 'a sink of the audit trail takes records again'))
  t.match((await stack.admin.inject('/.stagedoor/health/ready')).body, /audit\.jsonl","status":"ok"/)
  t.match((await stack.admin.inject('/metrics')).body, `stagedoor_audit_sink_up{sink="file ${path}"} 1`)
  await stack.app.close()
  const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean)
  const { faults } = verdictOn(lines)
  t.same(faults, [])
  t.match(lines[0], /"event":"start"/)
})

t.test('with onFailure: continue, admin actions go on, and other sinks record them', async (t) => {
  const full = { path: '/dev/full', onFailure: 'continue' }
  const stack = await startStack(t, { config: { audit: { sinks: [{ file: full }, { stdout: {} }] } } })
  const names = stack.parts.audit.trail.sinks.map(({ name }) => name)
  t.same(
    names,
    ['stdout', 'file /dev/full', 'console'],
    'the file, from which the next process reads, is behind what leaves the machine',
  )
  const { browser } = await stack.signIn()
  const headers = { origin: stack.url }
  t.equal((await browser.fetch(`${stack.url}/api/catalog/locations`, { method: 'POST', headers })).status, 200)
  t.match(stack.records().at(-1), { event: 'admin-action', phase: 'answered', status: 200 })
})

t.test('a client that disconnects early is recorded as such', async (t) => {
  const stack = await startStack(t, { upstream: () => undefined })
  const { browser } = await stack.signIn('jane@example.com', undefined, '/.stagedoor/me')
  const cookie = cookieOf(browser, stack.url)
  const leaving = new AbortController()
  const headers = { cookie, origin: stack.url }
  const sent = request(`${stack.url}/api/techdocs/x`, { method: 'POST', headers, signal: leaving.signal })
  await until(() => stack.origin.seen.length > 0)
  leaving.abort()
  await t.rejects(sent)
  await until(() => stack.records().some(({ phase }) => phase === 'answered'))
  t.match(stack.records().at(-1), { class: 'techdocs-write', status: 499, outcome: 'allow' })
})

t.test('the public keys of the trail are published', async (t) => {
  const stack = await startStack(t)
  const { statusCode, body } = await request(`${stack.url}/.stagedoor/audit/jwks.json`)
  t.equal(statusCode, 200)
  const { keys } = (await body.json()) as { keys: Record<string, unknown>[] }
  const signing = { kty: 'EC', crv: 'P-256', alg: 'ES256' }
  t.match(keys, [signing, signing], 'the one in use and the next')
  t.notOk(keys.some((key) => 'd' in key))
})

t.test('a refused login is recorded with its reason', async (t) => {
  const stack = await startStack(t)
  await request(`${stack.url}/.stagedoor/callback?state=x&code=y`, { headers: { accept: 'application/json' } })
  t.match(stack.records().at(-1), { event: 'login-refused', reason: 'STAGEDOOR_OIDC_STATE_MISMATCH', outcome: 'deny' })
})

t.test('log and trail have the reason for a refused access token, and never the token', async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const token = machineToken(stack.auth0, { exp: 1 })
  const { headers } = await ask(`${stack.url}/secret`, token)
  const line = stack.logged.find(({ requestId }) => requestId === headers['x-request-id'])
  t.match(line, { code: 'STAGEDOOR_BEARER_REFUSED', reason: 'expired' })
  t.match(stack.records(), [{ event: 'access-refused', reason: 'expired', outcome: 'deny', path: '/secret' }])
  t.equal(stack.records().length, 1)
  t.notMatch(JSON.stringify(stack.logged), token)
})

t.test('an attempt to use the console without the right is recorded, a permitted visit is not', async (t) => {
  const config = { admin: { allow: { all: [{ roles: ['stagedoor-admin'] }, { mfa: { within: '15m' } }] } } }
  const stack = await startStack(t, { config })
  for (const email of ['max@example.com', 'jane@example.com']) {
    const { browser } = await stack.signIn(email)
    await browser.fetch(`${stack.url}/.stagedoor/admin/sessions`)
  }
  const refused = { event: 'access-refused', outcome: 'deny', path: '/.stagedoor/admin/sessions' }
  t.match(
    stack.records().filter(({ path }) => path === refused.path),
    [
      { ...refused, reason: 'STAGEDOOR_POLICY_DENIED', principal: { name: 'Max Muster' } },
      { ...refused, reason: 'mfa-required', principal: { name: 'Jane Doe' } },
    ],
  )
})

t.test('sign-ins, second factors, sign-outs and failed refreshes are recorded (OWASP ASVS 16.3.1)', async (t) => {
  let offsetMs = 0
  const routes = [
    { name: 'vault', path: '/vault/**', allow: { mfa: {} } },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ]
  const stack = await startStack(t, { config: { routes }, now: () => Date.now() + offsetMs })
  const { browser: max } = await stack.signIn('max@example.com')
  await max.step(`${stack.url}/.stagedoor/logout`, { method: 'POST', headers: { origin: stack.url } })
  const { browser: jane } = await stack.signIn('jane@example.com')
  const asked = await jane.open(`${stack.url}/vault/x`)
  await jane.submit(asked.url, '/u/login/mfa', { code: '123456' })
  const { id = '' } = stack.auth0.users.find(({ email }) => email === 'jane@example.com') ?? {}
  await stack.auth0.switches.blockUser(id)
  offsetMs = 10 * 60_000
  t.equal((await jane.fetch(`${stack.url}/`)).status, 401)

  const names = new Set(['login', 'logout', 'step-up', 'refresh-failed'])
  t.match(
    stack.records().filter(({ event }) => names.has(String(event))),
    [
      { event: 'login', principal: { name: 'Max Muster' } },
      { event: 'logout', principal: { name: 'Max Muster' } },
      { event: 'login', principal: { subject: id }, outcome: 'allow' },
      { event: 'step-up', principal: { subject: id } },
      { event: 'refresh-failed', principal: { subject: id }, reason: 'grant-invalid', outcome: 'deny' },
    ],
  )
})

t.test('every decision is recorded with its rule and its answer (OWASP ASVS 16.3.2)', async (t) => {
  const routes = [
    { name: 'vault', path: '/vault/**', allow: { roles: ['nobody'] } },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ]
  const stack = await startStack(t, { config: { routes } })
  const { browser } = await stack.signIn()
  const before = stack.records().length
  await browser.fetch(`${stack.url}/a`)
  await browser.fetch(`${stack.url}/vault/b`)
  await request(`${stack.url}/c`)
  const allowed = {
    event: 'decision',
    rule: 'everything',
    upstream: 'backstage',
    path: '/a',
    outcome: 'allow',
    status: 200,
  }
  const denied = { event: 'decision', outcome: 'deny' }
  t.match(stack.records().slice(before), [
    allowed,
    { ...denied, rule: 'vault', path: '/vault/b', reason: 'role-missing', status: 403 },
    { ...denied, rule: 'everything', path: '/c', reason: 'unauthenticated', status: 401 },
  ])
})
