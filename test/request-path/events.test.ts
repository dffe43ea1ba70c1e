import t, { type Test } from 'tap'

import { createBrowser } from '../support/browser.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { openSocket, startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'

const tokens = ['the-token-that-auth0-sends-as-of-now', 'the-token-that-auth0-is-going-to-send']
const pull = { clientId: 'stagedoor-management', clientSecret: 'stagedoor-management-secret-for-local-use-only' }

const subjectOf = ({ auth0 }: Stack, email: string) => auth0.users.find((user) => user.email === email)?.id ?? ''

async function startPullingStack(t: Test, upstreamUrl?: string): Promise<Stack> {
  const stack = await startStack(t, { config: { auth0: { events: { pull } } }, ...(upstreamUrl && { upstreamUrl }) })
  await until(() => stack.auth0.tenant.counters.token > 0)
  return stack
}

t.test(
  'an event that Auth0 pushes ends the sessions of a blocked person at once, and each event is handled once',
  async (t) => {
    const stack = await startStack(t, { config: { auth0: { events: { webhook: { tokens } } } } })
    const { browser } = await stack.signIn('max@example.com')
    const user_id = subjectOf(stack, 'max@example.com')
    const event = { id: 'evt_1', type: 'user.updated', time: new Date().toISOString() }
    const send = (body: object, token = tokens[0]) =>
      createBrowser().fetch(`${stack.url}/.stagedoor/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify(body),
      })
    const blocked = { ...event, data: { object: { user_id, blocked: true } } }

    t.match(await send(blocked, 'wrong'), { status: 401, text: /STAGEDOOR_EVENTS_UNAUTHENTICATED/ })
    t.match(await send({ id: 1 }), { status: 400, text: /STAGEDOOR_EVENTS_MALFORMED/ })
    t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
    t.match(await send(blocked, tokens[1]), { status: 202, text: /revoked/ })
    t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
    t.match(await send(blocked), { status: 202, text: /repeated/ })
    t.match(await send({ ...event, id: 'evt_2', type: 'user.created' }), { status: 202, text: /ignored/ })
    const revocations = stack.records().filter(({ event: kind }) => kind === 'revocation')
    t.match(revocations, [{ channel: 'user.updated', target: { subject: user_id } }])
    t.equal(revocations.length, 1, 'what revoked nothing is on record as a request only')
  },
)

t.test('without tokens in the configuration there is no endpoint for events', async (t) => {
  const stack = await startStack(t)
  const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  t.equal(answer.status, 404)
})

t.test('blocking a person in Auth0 ends their session through the stream that the gateway reads', async (t) => {
  const stack = await startPullingStack(t)
  const { browser } = await stack.signIn('max@example.com')
  const since = performance.now()
  await stack.auth0.switches.blockUser(subjectOf(stack, 'max@example.com'))
  await until(async () => (await browser.fetch(`${stack.url}/`)).status === 401)
  t.comment(`a blocked person was out after ${Math.round(performance.now() - since)} ms`)
})

t.test(
  'a lost organization role is gone at the next request, and open sockets reconnect with fresh claims',
  async (t) => {
    const stack = await startPullingStack(t, (await startStreamingOrigin(t)).url)
    const { browser } = await stack.signIn()
    const user_id = subjectOf(stack, 'jane@example.com')
    const cookie = `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
    const socket = await openSocket(t, `${stack.url}/socket`, cookie)
    stack.auth0.switches.setRoles(user_id, ['developer'])
    const object = { organization: { id: 'org_demo' }, user: { user_id }, role: { id: 'rol_1' } }
    stack.auth0.switches.emitEvent('organization.member.role.deleted', object)
    t.match(await socket.ended, { code: 1012, reason: 'Roles have changed: connect again' })
    const refreshed = JSON.parse((await browser.fetch(`${stack.url}/.stagedoor/me`)).text)
    t.same(refreshed.roles, ['developer'])
    const again = await openSocket(
      t,
      `${stack.url}/socket`,
      `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`,
    )
    t.ok(again.isOpen())
  },
)

t.test('a lost membership ends the sessions for that organization only', async (t) => {
  const stack = await startPullingStack(t)
  const member = createBrowser()
  const user_id = subjectOf(stack, 'jane@example.com')
  const page = await member.open(`${stack.url}/.stagedoor/login?organization=org_demo`)
  await member.submit(page.url, '/u/login', { username: 'jane@example.com', password: 'stagedoor' })
  const { browser: alone } = await stack.signIn()
  t.equal((await member.fetch(`${stack.url}/`)).status, 200)
  stack.auth0.switches.emitEvent('organization.member.deleted', { organization: { id: 'org_demo' }, user: { user_id } })
  await until(async () => (await member.fetch(`${stack.url}/`)).status === 401)
  t.equal((await alone.fetch(`${stack.url}/`)).status, 200)
})

t.test('deleting an organization ends all sessions for it and no others', async (t) => {
  const stack = await startPullingStack(t)
  const signInFor = async (email: string) => {
    const browser = createBrowser()
    const page = await browser.open(`${stack.url}/.stagedoor/login?organization=org_demo`)
    await browser.submit(page.url, '/u/login', { username: email, password: 'stagedoor' })
    return browser
  }
  const members = [await signInFor('jane@example.com'), await signInFor('max@example.com')]
  const { browser: alone } = await stack.signIn()
  const statuses = () => Promise.all(members.map(async (member) => (await member.fetch(`${stack.url}/`)).status))
  t.same(await statuses(), [200, 200])
  stack.auth0.switches.emitEvent('organization.deleted', { id: 'org_demo', name: 'demo' })
  await until(async () => (await statuses()).every((status) => status === 401))
  t.equal((await alone.fetch(`${stack.url}/`)).status, 200)
})

t.test('a person added to a group in Auth0 has the group at the next request', async (t) => {
  const stack = await startPullingStack(t)
  const { browser } = await stack.signIn('max@example.com')
  const id = subjectOf(stack, 'max@example.com')
  stack.auth0.switches.setGroups(id, ['web', 'on-call'])
  const object = { group: { id: 'grp_1', type: 'tenant' }, member: { member_type: 'user', id } }
  stack.auth0.switches.emitEvent('group.member.added', object)
  await until(async () => (await browser.fetch(`${stack.url}/.stagedoor/me`)).text.includes('on-call'))
  t.equal(stack.auth0.counters.tokenRefreshToken, 1)
})

t.test('events of a tenant or stream other than the configured one are refused', async (t) => {
  const webhook = { tokens, tenant: 'my-tenant', stream: 'est_ours' }
  const stack = await startStack(t, { config: { auth0: { events: { webhook } } } })
  const { browser } = await stack.signIn('max@example.com')
  const object = { user_id: subjectOf(stack, 'max@example.com'), blocked: true }
  const event = { id: 'evt_1', type: 'user.updated', time: new Date().toISOString(), data: { object } }
  const send = (source: object) =>
    createBrowser().fetch(`${stack.url}/.stagedoor/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens[0]}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...event, ...source }),
    })
  const strangers = [
    {},
    { a0tenant: 'my-tenant' },
    { a0tenant: 'other', a0stream: 'est_ours' },
    { a0tenant: 'my-tenant', a0stream: 'est_other' },
  ]
  for (const source of strangers) t.match(await send(source), { status: 403, text: /STAGEDOOR_EVENTS_FOREIGN/ })
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
  t.match(await send({ a0tenant: 'my-tenant', a0stream: 'est_ours' }), { status: 202, text: /revoked/ })
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
})

t.test('while events cannot be read, readiness reports it, and requests are served as before', async (t) => {
  const stack = await startStack(t, { config: { auth0: { events: { pull: { ...pull, clientSecret: 'wrong' } } } } })
  const condition = () => stack.parts.health.conditions().find(({ name }) => name === 'auth0-events')
  await until(() => condition()?.status === 'degraded')
  t.equal((await stack.signIn()).page.status, 200)
})
