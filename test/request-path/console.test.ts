import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import type { Parts } from '../../src/assembly/plugin-options.ts'
import type { SeenSessions } from '../../src/revocation/seen-sessions.ts'
import type { Browser } from '../support/browser.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { sessionOf } from '../support/sessions.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const admin = '/.stagedoor/admin'

type SessionsAnswer = { total: number; offset: number; sessions: object[] }

t.test('the console shows health, recent events, sessions and the rules in force', async (t) => {
  const stack = await startStack(t)
  const { browser: jane } = await stack.signIn('jane@example.com')
  const { browser: max } = await stack.signIn('max@example.com')
  await max.fetch(`${stack.url}/catalog?token=not-to-be-shown`)

  t.match(await jane.open(`${stack.url}${admin}/`), {
    status: 200,
    text: /Health[^]*auth0[^]*Live sessions: 2[^]*\d\d:\d\d:\d\d UTC[^]*Max Muster/,
  })
  t.match(await jane.open(`${stack.url}${admin}/`), { text: /Requests<\/strong> [1-9][^]*Logins<\/strong> 2/ })
  t.match(await jane.open(`${stack.url}${admin}/sessions`), { text: /max@example\.com[^]*127\.0\.0\.1/ })
  t.notMatch((await jane.open(`${stack.url}${admin}/sessions?text=jane`)).text, 'max@example.com')
  const decisions = await jane.open(`${stack.url}${admin}/decisions?text=Muster&outcome=allow`)
  t.match(decisions.text, /GET \/catalog[^]*why\?/)
  t.notMatch(decisions.text, 'not-to-be-shown')
  const configuration = (await jane.open(`${stack.url}${admin}/configuration`)).text
  t.match(configuration, /server\.baseUrl[^]*http:\/\/localhost[^]*\[secret\]/)
  t.notMatch(configuration, 'a secret for tests')
  const explained = await jane.open(`${stack.url}${admin}/explain?method=get&path=/catalog`)
  t.match(explained.text, /allow by rule everything/)
  const asMax = new URLSearchParams({ method: 'GET', path: '/x', claims: '{"sub":"auth0|max","iss":"x"}' }).toString()
  t.match(await jane.open(`${stack.url}${admin}/explain?${asMax}`), { status: 200, text: /by rule everything/ })
  t.match(await jane.open(`${stack.url}${admin}/explain`), { status: 200 })
})

t.test('the console answers programs with JSON and refuses unknown paths and parameters', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const read = async (path: string) => {
    const { status, text } = await browser.fetch(`${stack.url}${admin}${path}`)
    return { status, body: JSON.parse(text) }
  }
  t.match(await read('/decisions'), { status: 200, body: { records: Array } })
  const conditions = await read('/conditions')
  t.equal(conditions.status, 200)
  t.same(
    conditions.body.conditions.map(({ name }: { name: string }) => name),
    ['auth0', 'refresh', 'signing-keys', 'machine-keys', 'audit stdout', 'upstream:backstage', 'configuration'],
  )
  const configuration = await read('/configuration')
  t.match(configuration, { status: 200, body: { configuration: { session: { secrets: ['[secret]'] } } } })
  t.match(configuration.body.options[0], { option: 'server.baseUrl' })
  t.match(await read('/decisions?outcome=perhaps'), { status: 400, body: { code: 'STAGEDOOR_ADMIN_BAD_REQUEST' } })
  t.match(await read('/explain?path=/x&method=GET&method=PUT'), {
    status: 400,
    body: { code: 'STAGEDOOR_POLICY_BAD_QUESTION' },
  })
  t.match(await read('/explain?path=/x&claims=no'), { status: 400, body: { code: 'STAGEDOOR_ADMIN_BAD_REQUEST' } })
})

t.test('fifty thousand sessions are listed in pages, as HTML and as JSON', async (t) => {
  let seen: SeenSessions | undefined
  const within = <Root extends object>(name: string, root: Root): Root => {
    if (name === 'parts') ({ seen } = (root as unknown as Pick<Parts, 'admin'>).admin)
    return root
  }
  const stack = await startStack(t, { faults: { within, fail: () => undefined, called: () => new Map() } })
  const { browser } = await stack.signIn()
  for (let i = 1; i < 50_000; i += 1)
    seen?.note(sessionOf({ id: `s-${i}`, subject: `auth0|${i}`, usedAt: Date.now() - i }))
  const first = await browser.open(`${stack.url}${admin}/sessions`)
  t.match(first.text, /50000 live sessions[^]*Older/)
  t.ok(first.text.length < 100_000, 'a page of fifty')
  t.match((await browser.open(`${stack.url}${admin}/sessions?text=auth0%7C49999`)).text, /1 live session /)
  const read = async (offset: number): Promise<SessionsAnswer> =>
    JSON.parse((await browser.fetch(`${stack.url}${admin}/sessions?offset=${offset}`)).text)
  const [start, end] = [await read(0), await read(49_500)]
  t.match([start.total, start.sessions.length, end.offset, end.sessions.length], [50_000, 1_000, 49_500, 500])
})

t.test('a machine may use the API only if its token has the scope', async (t) => {
  const stack = await startStack(t, {
    config: { machines: machinesIn, admin: { allow: { scopes: ['stagedoor:admin'] } } },
  })
  await stack.signIn('max@example.com')
  const operator = machineToken(stack.auth0, { scope: 'stagedoor:admin' })
  const sessions = `${stack.url}${admin}/sessions`
  t.match(await ask(sessions, machineToken(stack.auth0)), { status: 403 })
  t.match(await ask(sessions, operator), { status: 200, body: { sessions: [{ email: 'max@example.com' }] } })
  const revoked = await fetch(`${sessions}/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'auth0|max' }),
  })
  t.equal(revoked.status, 200)
  t.match(
    stack.records().filter(({ event }) => event === 'revocation'),
    [{ principal: { kind: 'machine', client: stack.auth0.machine.clientId }, target: { subject: 'auth0|max' } }],
  )
})

t.test('the console searches and verifies the trail', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-trail-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  const stack = await startStack(t, { config: { audit: { sinks: [{ file: { path } }] } } })
  const { browser: jane } = await stack.signIn('jane@example.com')
  const { browser: max } = await stack.signIn('max@example.com')
  await max.fetch(`${stack.url}/catalog`)
  const isKept = async () => (await readFile(path, 'utf8')).includes('"path":"/catalog"')
  await until(isKept)
  const page = await jane.open(`${stack.url}${admin}/audit?person=muster&event=decision&since=1h`)
  t.match(page.text, /The trail is whole: \d+ records of 1 writer,[^]*2 found[^]*GET \/catalog/)
  t.notMatch(page.text, 'Jane Doe</td>')
  const asJson = async (query: string) => {
    const { status, text } = await jane.fetch(`${stack.url}${admin}/audit?${query}`)
    return { status, body: JSON.parse(text) }
  }
  t.match(await asJson('outcome=allow&until=2020-01-01'), {
    status: 200,
    body: { isWhole: true, found: 0, records: { length: 0 } },
  })
  const today = new Date().toISOString().slice(0, 10)
  t.ok((await asJson(`event=decision&until=${today}`)).body.found > 0, 'the whole day')
  t.match(await asJson('since=yesterday'), { status: 400, body: { code: 'STAGEDOOR_ADMIN_BAD_REQUEST' } })
  const many = await Promise.all(Array.from({ length: 6 }, async () => (await asJson('event=login')).status))
  t.ok(many.filter((status) => status === 200).length >= 4, 'each waits for its turn, and not more than four wait')

  await writeFile(path, (await readFile(path, 'utf8')).replace('"path":"/catalog"', '"path":"/nothing"'))
  t.match((await jane.open(`${stack.url}${admin}/audit`)).text, /The trail is not whole: \d+ faults?[^]*was changed/)
  t.match(await asJson(''), { body: { isWhole: false, verification: { faults: [{ text: /was changed/ }] } } })
})

t.test('the console names an unreadable trail and the reason', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-trail-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'audit.jsonl')
  const sinks = [{ file: { path, onFailure: 'continue' } }]
  const stack = await startStack(t, { config: { audit: { sinks } } })
  const { url, logged } = stack
  const { browser } = await stack.signIn()
  await until(() =>
    access(path).then(
      () => true,
      () => false,
    ),
  )
  await rm(path)
  // A folder in place of the file, so that the gateway does not create the file again.
  await mkdir(path)
  const page = await browser.open(`${url}${admin}/audit`)
  t.equal(page.status, 503)
  t.match(page.text, /The trail cannot be read[^]*audit\.jsonl cannot be read: EISDIR/)
  t.match(page.text, '<h1', 'inside of the console, with its form')
  const { status, text } = await browser.fetch(`${url}${admin}/audit`)
  const detail = /audit\.jsonl cannot be read: EISDIR/
  t.match([status, JSON.parse(text)], [503, { code: 'STAGEDOOR_ADMIN_TRAIL_UNREADABLE', detail }])
  t.match(
    logged.find(({ msg }) => msg === 'the audit trail cannot be read'),
    { err: { message: detail } },
  )
})

t.test('without an audit file the console says where the records are', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  t.match((await browser.open(`${stack.url}${admin}/audit`)).text, /The trail is not in a file/)
  t.equal((await browser.fetch(`${stack.url}${admin}/audit`)).status, 400)
})

t.test('only operators see the console', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn('max@example.com')
  for (const path of ['/', '/sessions', '/decisions', '/audit', '/explain', '/configuration', '/conditions', '/live']) {
    t.match(await browser.fetch(`${stack.url}${admin}${path}`), { status: 403 }, path)
  }
  t.match(await browser.open(`${stack.url}${admin}/`), {
    status: 403,
    text: /You need the role stagedoor-admin\.[^]*Ask the owners of the portal for access/,
  })
})

t.test('the console asks for the second factor that it requires, and then opens', async (t) => {
  const allow = { all: [{ roles: ['stagedoor-admin'] }, { mfa: { within: '15m' } }] }
  const stack = await startStack(t, { config: { admin: { allow } } })
  const { browser: max } = await stack.signIn('max@example.com')
  t.equal((await max.open(`${stack.url}${admin}/`)).status, 403, 'a second factor would not help')
  t.notMatch((await max.open(`${stack.url}/.stagedoor/`)).text, '>Console<')
  const { browser } = await stack.signIn()
  const refused = await browser.fetch(`${stack.url}${admin}/sessions`)
  t.match(
    [refused.status, JSON.parse(refused.text)],
    [401, { code: 'STAGEDOOR_POLICY_STEP_UP_REQUIRED', step_up: { max_age: 900 } }],
  )
  const account = await browser.open(`${stack.url}/.stagedoor/`)
  t.match(account.text, '>Console<', 'the way there is shown')
  const code = await browser.open(`${stack.url}${admin}/`)
  t.match(code.text, 'Verify your identity')
  const page = await browser.submit(code.url, '/u/login/mfa', { code: '123456' })
  t.match(page, { status: 200, url: `${stack.url}${admin}/`, text: /Health/ })
})

t.test('a session that an operator ends in the console loses access at once', async (t) => {
  const stack = await startStack(t)
  const { browser: jane } = await stack.signIn('jane@example.com')
  const { browser: max } = await stack.signIn('max@example.com')
  const { session } = JSON.parse((await max.fetch(`${stack.url}/.stagedoor/me`)).text)
  const page = await jane.submit(`${stack.url}${admin}/sessions`, `${admin}/sessions/revoke`, { session: session.id })
  t.match(page, { status: 200, text: /The sessions have been ended\./ })
  t.equal((await max.fetch(`${stack.url}/`)).status, 401)
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const body = new URLSearchParams({ session: session.id })
  const sent = await jane.step(`${stack.url}${admin}/sessions/revoke`, { method: 'POST', body, headers: foreign })
  t.equal(sent.status, 403)
})

t.test('the console receives updates through an event stream', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  const abort = new AbortController()
  const response = await fetch(`${stack.url}${admin}/live`, { headers: { cookie }, signal: abort.signal })
  t.match(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const readMore = async () => {
    const { value, done } = (await reader?.read()) ?? { done: true }
    if (done || value === undefined) throw new Error(`the stream ended after ${text}`)
    text += value
  }
  await readMore()
  await browser.fetch(`${stack.url}/catalog`)
  while (!text.includes('event: records')) await readMore()
  t.match(text, /retry: 1000\n\nevent: records\ndata: \{\}\n\n/)
  abort.abort()
})

/** Opens the console's event stream. Resolves with the text once the stream ends. */
async function openLive(stack: Stack, browser: Browser): Promise<Promise<string>[]> {
  const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
  const response = await fetch(`${stack.url}${admin}/live`, { headers: { cookie } })
  return [response.text()]
}

t.test('the event stream of the console ends with the session of its reader', { timeout: 60_000 }, async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const [ended] = await openLive(stack, browser)
  const { session } = JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text)
  await stack.parts.admin.revocations.revoke({ sessionId: session.id })
  t.match(await ended, /^retry: 1000/)
})

t.test('an open console does not delay a restart', { timeout: 60_000 }, async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const [ended] = await openLive(stack, browser)
  await stack.app.close()
  t.match(await ended, /^retry: 1000/)
})

t.test('the OpenAPI document describes every route of the admin API, and no other', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const document = JSON.parse((await browser.fetch(`${stack.url}${admin}/openapi.json`)).text)
  t.match(document, { openapi: '3.1.0', servers: [{ url: `${stack.url}${admin}` }] })
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  // Pages for people only.
  const pages = ['GET ', 'GET /', 'GET /explain', 'GET /live']
  t.same(adminRoutes(stack.app.printRoutes({ commonPrefix: false })), [...described, ...pages].toSorted())
})

/** Reads Fastify's own list: a tree with a path and its methods on each line. */
function adminRoutes(tree: string): string[] {
  const parents: string[] = []
  return tree
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+) ?(?:\(([^)]+)\))?/.exec(line) ?? []
      parents.splice(indent.length / 4, Infinity, part)
      const path = parents.join('')
      if (!path.startsWith(admin)) return []
      return methods
        .split(', ')
        .filter((method) => method !== '' && method !== 'HEAD')
        .map((method) => `${method} ${path.slice(admin.length)}`)
    })
    .toSorted()
}
