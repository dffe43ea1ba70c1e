import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startRedis } from '../support/redis.ts'
import { type Stack, startStack } from '../support/stack.ts'

type Listed = { sessions: { id: string; subject: string; email: string }[] }

const subjectOf = ({ auth0 }: Stack, email: string) => auth0.users.find((user) => user.email === email)?.id ?? ''

t.test('signing out everywhere ends all sessions of the person and no others', async (t) => {
  const stack = await startStack(t)
  const [here, there] = [await stack.signIn(), await stack.signIn()]
  const max = await stack.signIn('max@example.com')
  const account = await here.browser.open(`${stack.url}/.stagedoor/`)
  t.match(account.text, /Sign out everywhere/)
  const confirmation = await here.browser.open(`${stack.url}/.stagedoor/logout?everywhere=true`)
  t.match(confirmation.text, /Sign out everywhere\?[^]*name="everywhere" value="true"/, 'it asks first')
  t.match(confirmation.headers.get('content-security-policy'), new URL(stack.auth0.issuer).origin)
  const left = await here.browser.submit(account.url, '/.stagedoor/logout', { everywhere: 'true' })
  t.match(left.text, /You are signed out/)
  t.equal((await here.browser.fetch(`${stack.url}/`)).status, 401)
  t.equal((await there.browser.fetch(`${stack.url}/`)).status, 401)
  t.equal((await max.browser.fetch(`${stack.url}/`)).status, 200)
  t.match(
    stack.records().find(({ event }) => event === 'revocation'),
    {
      channel: 'sign-out-everywhere',
      target: { subject: subjectOf(stack, 'jane@example.com') },
    },
  )
  t.equal((await stack.signIn('jane@example.com', there.browser)).page.status, 200, 'the next login works')
})

t.test('an administrator sees who is signed in, and can end one or all sessions of a person', async (t) => {
  const stack = await startStack(t)
  const { browser: jane } = await stack.signIn()
  const [max, maxElsewhere] = [await stack.signIn('max@example.com'), await stack.signIn('max@example.com')]
  const list = async (query = ''): Promise<Listed> =>
    JSON.parse((await jane.fetch(`${stack.url}/.stagedoor/admin/sessions${query}`)).text)
  const revoke = (body: object, headers: Record<string, string> = { origin: stack.url }) =>
    jane.fetch(`${stack.url}/.stagedoor/admin/sessions/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
      body: JSON.stringify(body),
    })

  const all = await list()
  t.same(all.sessions.map(({ email }) => email).toSorted(), ['jane@example.com', 'max@example.com', 'max@example.com'])
  t.notMatch(JSON.stringify(all), /eyJ|refresh/)
  const subject = subjectOf(stack, 'max@example.com')
  const ofMax = await list(`?subject=${encodeURIComponent(subject)}`)
  t.equal(ofMax.sessions.length, 2)

  const [latest] = ofMax.sessions
  t.match(await revoke({ session: latest?.id }), { status: 200 })
  const after = [max, maxElsewhere].map(async ({ browser }) => (await browser.fetch(`${stack.url}/`)).status)
  t.same(
    (await Promise.all(after)).toSorted((a, b) => a - b),
    [200, 401],
  )
  t.equal((await list(`?session=${latest?.id}`)).sessions.length, 0)
  t.match(await revoke({ subject }), { status: 200 })
  t.equal((await list(`?subject=${encodeURIComponent(subject)}`)).sessions.length, 0)
  t.match(await revoke({ sid: 'unknown' }), { status: 200 })
  const revocations = stack.records().filter(({ event }) => event === 'revocation')
  t.same(
    revocations.map(({ target }) => target),
    [{ session: latest?.id, subject }, { subject }, { sid: 'unknown' }],
    'whose sessions ended is on record, also where only the session was named',
  )
  t.match(revocations[1], { channel: 'admin', principal: { subject: subjectOf(stack, 'jane@example.com') } })

  for (const body of [{}, { session: 'a', subject: 'b' }, { subject: '' }, { subject: 1 }]) {
    t.match(await revoke(body), { status: 400, text: /STAGEDOOR_ADMIN_BAD_REQUEST/ }, JSON.stringify(body))
  }
  const forged = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  t.match(await revoke({ subject }, forged), { status: 403, text: /STAGEDOOR_SESSION_CROSS_SITE/ })
})

t.test('a person who is no administrator is refused', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn('max@example.com')
  const url = `${stack.url}/.stagedoor/admin/sessions`
  t.match(await browser.fetch(url), { status: 403, text: /STAGEDOOR_POLICY_DENIED/ })
  t.match(await createBrowser().fetch(url), { status: 401, text: /STAGEDOOR_SESSION_REQUIRED/ })
})

t.test('without Redis an operator is told that other replicas do not know yet', async (t) => {
  const redis = await startRedis(t)
  const config = { session: { store: 'cookie', redis: { url: redis.url }, secrets: ['x'.repeat(32)] } }
  const stack = await startStack(t, { config })
  const [jane, max] = [await stack.signIn(), await stack.signIn('max@example.com')]
  await redis.stop()
  const answer = await jane.browser.fetch(`${stack.url}/.stagedoor/admin/sessions/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: stack.url },
    body: JSON.stringify({ subject: subjectOf(stack, 'max@example.com') }),
  })
  t.match(answer, { status: 503, text: /STAGEDOOR_SESSION_STORE_UNAVAILABLE/ })
  t.equal((await max.browser.fetch(`${stack.url}/`)).status, 401, 'here it holds')
  const target = { subject: subjectOf(stack, 'max@example.com') }
  t.match(
    stack.records().filter(({ event }) => event === 'revocation'),
    [
      { channel: 'admin', target, outcome: 'allow' },
      { channel: 'admin', target, outcome: 'deny', reason: 'STAGEDOOR_SESSION_STORE_UNAVAILABLE' },
    ],
    'that it was begun, and that it is not known everywhere',
  )
})

t.test('without Redis the records of ended sessions say that other replicas do not know yet', async (t) => {
  const redis = await startRedis(t)
  const config = { session: { store: 'cookie', redis: { url: redis.url }, secrets: ['x'.repeat(32)] } }
  const stack = await startStack(t, { config })
  const [here, there] = [await stack.signIn(), await stack.signIn()]
  await redis.stop()
  const post = (path: string, body: string) =>
    here.browser.fetch(`${stack.url}/.stagedoor/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: stack.url },
      body,
    })
  t.match(await post('sessions/end', 'others=true'), { status: 503 })
  t.equal((await there.browser.fetch(`${stack.url}/`)).status, 401, 'here it holds')
  t.match(await post('logout', 'everywhere=true'), { status: 303 })
  const reason = 'STAGEDOOR_SESSION_STORE_UNAVAILABLE'
  t.match(
    stack.records().filter(({ event }) => event === 'revocation'),
    [
      { channel: 'own-session', outcome: 'deny', reason },
      { channel: 'sign-out-everywhere', outcome: 'deny', reason },
    ],
  )
})
