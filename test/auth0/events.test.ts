import t from 'tap'

import { managementToken, openEvents } from './support/management.ts'
import { startAuth0 } from './support/start.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'

t.test('blocking a user emits user.updated, and a switch emits any event', async (t) => {
  const auth0 = await startAuth0(t)
  const stream = await openEvents(auth0, await managementToken(auth0))
  t.match(stream.headers.get('content-type'), 'text/event-stream')
  await auth0.switches.blockUser(jane)
  const offset = auth0.switches.emitEvent('organization.member.deleted', { organization: { id: 'org_demo' } })
  t.match(await stream.next(), {
    event: 'user.updated',
    data: { offset: String, event: { type: 'user.updated', data: { object: { user_id: jane, blocked: true } } } },
  })
  t.match(await stream.next(), { event: 'organization.member.deleted', id: offset, data: { offset } })
  await stream.close()
})

t.test('a reader resumes after its last offset, by header or query, and Last-Event-ID takes precedence', async (t) => {
  const auth0 = await startAuth0(t)
  const token = await managementToken(auth0)
  const [first, second] = ['one', 'two', 'three'].map((name) => auth0.switches.emitEvent('group.updated', { name }))
  const expectFirst = async (query: string, headers: Record<string, string>, name: string) => {
    const stream = await openEvents(auth0, token, query, headers)
    t.match(await stream.next(), { data: { event: { data: { object: { name } } } } })
    await stream.close()
  }
  await expectFirst(`?from=${first}`, {}, 'two')
  await expectFirst(`?from=${first}`, { 'last-event-id': second ?? '' }, 'three')
  await expectFirst('?from_timestamp=2020-01-01T00:00:00Z', {}, 'one')
})

t.test('only the requested types arrive, and heartbeats advance the offset', async (t) => {
  const auth0 = await startAuth0(t)
  const stream = await openEvents(auth0, await managementToken(auth0), '?event_type=user.deleted')
  const skipped = auth0.switches.emitEvent('user.created', {})
  auth0.switches.beatEvents()
  t.match(await stream.next(), { event: 'offset-only', id: skipped, data: { offset: skipped } })
  auth0.switches.emitEvent('user.deleted', {})
  t.match(await stream.next(), { event: 'user.deleted' })
  await stream.close()
})

t.test('an offset that is too old gets a 410, an invalid one a 400', async (t) => {
  const auth0 = await startAuth0(t)
  const token = await managementToken(auth0)
  const old = auth0.switches.emitEvent('user.created', {})
  auth0.switches.expireEvents()
  t.equal((await openEvents(auth0, token, `?from=${old}`)).status, 410)
  for (const query of ['?from=nonsense', '?from_timestamp=nonsense', '?event_type=nonsense']) {
    t.equal((await openEvents(auth0, token, query)).status, 400)
  }
})

t.test("a stream beyond the plan's limit gets a 429 with the time to retry", async (t) => {
  const auth0 = await startAuth0(t, { settings: { eventConnections: 1, eventRetryAfterSeconds: 7 } })
  const token = await managementToken(auth0)
  const stream = await openEvents(auth0, token)
  const refused = await openEvents(auth0, token)
  t.same([refused.status, refused.headers.get('retry-after')], [429, '7'])
  await stream.close()
})

t.test('streams end on request of the test, with or without an error message', async (t) => {
  const auth0 = await startAuth0(t)
  const token = await managementToken(auth0)
  const stream = await openEvents(auth0, token)
  auth0.switches.endEventStreams()
  t.equal(await stream.next(), undefined)
  const failing = await openEvents(auth0, token)
  auth0.switches.endEventStreams('the offset has expired')
  t.match(await failing.next(), { event: 'error', data: { error: { message: 'the offset has expired' } } })
  t.equal(await failing.next(), undefined)
})

t.test('a token without read:events is refused', async (t) => {
  const auth0 = await startAuth0(t)
  t.equal((await openEvents(auth0, await managementToken(auth0, 'read:users'))).status, 403)
})
