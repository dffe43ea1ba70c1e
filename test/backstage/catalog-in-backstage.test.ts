import t from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { until } from '../support/until.ts'
import { startTestKit, startTrustingBackstage, userOf, jane } from './stand-in-gateway.ts'

const bearerToken = 'a-bearer-token-that-is-long-enough-for-a-webhook'
const kit = await startTestKit(t)
const auth0 = await startLocalAuth0({ syntheticUsers: 1_200 })
t.teardown(() => auth0.close())
const backstage = await startTrustingBackstage(
  t,
  kit,
  [{ resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: ['roles'] }],
  {
    auth0,
    config: {
      catalog: { providers: { auth0: { default: { events: { webhook: { bearerTokens: [bearerToken] } } } } } },
    },
  },
)
const someone = {
  id: 'auth0|someone',
  email: 'someone@example.com',
  emailVerified: true,
  name: 'Some One',
  nickname: 'someone',
  roles: ['developer'],
  groups: [],
  permissions: [],
  organizations: ['org_demo'],
  blocked: false,
}

/** Waits until the catalog's answer about one user is as expected. @returns the answer */
async function untilShown(name: string, isAsExpected: (answer: { status: number; body: Entity }) => boolean) {
  const look = async () => backstage.call(await reader(), `/api/catalog/entities/by-name/user/default/${name}`)
  let answer = await look()
  await until(async () => {
    if (!isAsExpected(answer)) answer = await look()
    return isAsExpected(answer)
  }, 200)
  return answer
}

type Entity = { spec?: { memberOf?: string[] } }
const reader = () => backstage.signIn({ sub: jane, roles: ['platform-admin'] })

async function postEvent(event: object, token?: string): Promise<number> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const response = await fetch(`${backstage.url}/api/events/http/auth0`, {
    method: 'POST',
    headers,
    body: JSON.stringify(event),
  })
  await response.body?.cancel()
  return response.status
}

t.test('users of Auth0 sign in to Backstage without a manual user list', async (t) => {
  const jane = await untilShown('jane', ({ status }) => status === 200)
  t.equal(jane.status, 200)
  t.equal(userOf(await reader()), 'user:default/jane')
})

t.test('all users reach the catalog, even more than the 1,000 that Auth0 lists at once', async (t) => {
  let total = 0
  await until(async () => {
    const answer = await backstage.call(await reader(), '/api/catalog/entities/by-query?filter=kind=user&limit=0')
    total = answer.body.totalItems
    return total >= auth0.users.length
  }, 200)
  t.equal(total, auth0.users.length)
})

t.test('a user created in Auth0 appears within seconds, and disappears when deleted', async (t) => {
  auth0.switches.createUser(someone)
  const shown = await untilShown('someone', ({ status }) => status === 200)
  t.same(shown.body.spec?.memberOf?.toSorted(), ['group:default/demo', 'group:default/developer'])
  auth0.switches.deleteUser(someone.id)
  t.equal((await untilShown('someone', ({ status }) => status === 404)).status, 404)
})

t.test('an event by webhook is accepted only with the bearer token', async (t) => {
  auth0.switches.endEventStreams()
  const event = (id: string) => ({ id, type: 'user.created', data: { object: { user_id: 'auth0|by-webhook' } } })
  t.equal(await postEvent(event('evt_none')), 401)
  t.equal(await postEvent(event('evt_wrong'), `${bearerToken}x`), 401)
  // Simulate that the Events API has not reported the change.
  auth0.tenant.users.push({ ...someone, id: 'auth0|by-webhook', nickname: 'by-webhook', email: 'w@example.com' })
  t.equal(await postEvent(event('evt_right'), bearerToken), 202)
  t.equal((await untilShown('by-webhook', ({ status }) => status === 200)).status, 200)
})

t.test('a removed role is gone at the next refresh, before the catalog is updated', async (t) => {
  const before = await backstage.ownedBy(await backstage.signIn({ sub: jane, roles: ['platform-admin'] }))
  t.ok(before.includes('group:default/platform-admin'))
  t.ok(before.includes('group:default/platform'), 'a group of the catalog')
  const after = await backstage.ownedBy(await backstage.signIn({ sub: jane, roles: [] }))
  t.notOk(after.includes('group:default/platform-admin'))
  t.ok(after.includes('group:default/platform'))
})
