import t from 'tap'

import { createManagementCall } from './support/management.ts'
import { clientFields, postToken, startAuth0 } from './support/start.ts'

const jane = encodeURIComponent('auth0|64f1c0ffee0000000000a001')

t.test('a user is found by id and by e-mail, with roles and organizations', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  const user = { user_id: 'auth0|64f1c0ffee0000000000a001', email: 'jane@example.com', email_verified: true }
  t.match((await call(`users/${jane}`)).body, user)
  t.match((await call('users-by-email?email=jane@example.com')).body, [user])
  t.match((await call(`users/${jane}/roles`)).body, [{ name: 'platform-admin' }, { name: 'stagedoor-admin' }])
  t.match((await call(`users/${jane}/organizations`)).body, [{ id: 'org_demo', display_name: 'Demo Company' }])
  t.match(await call('users/nobody'), { status: 404, body: { statusCode: 404, error: 'Not Found' } })
})

t.test('roles and organizations list their members, with roles when asked for', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  const roles = (await call('roles')).body as { id: string; name: string }[]
  t.same(
    roles.map(({ name }) => name),
    ['developer', 'platform-admin', 'stagedoor-admin'],
  )
  t.match((await call(`roles/${roles[0]?.id}`)).body, { name: 'developer' })
  t.match((await call(`roles/${roles[0]?.id}/users`)).body, [{ name: 'Max Muster' }, { name: 'Bob Blocked' }])
  t.match((await call('organizations')).body, [{ name: 'demo' }, { name: 'other' }, { name: 'big' }])
  const members = await call('organizations/org_demo/members?fields=user_id,roles')
  t.match(members.body, [{ roles: [{ name: 'platform-admin' }, { name: 'stagedoor-admin' }] }, {}])
  t.match((await call(`organizations/org_demo/members/${jane}/roles`)).body, [{ name: 'platform-admin' }, {}])
  for (const path of ['roles/none', 'roles/none/users', 'organizations/none/members', 'nothing']) {
    t.equal((await call(path)).status, 404, path)
  }
})

t.test('offset paging stops at 1,000 rows; checkpoint paging reaches all of them', async (t) => {
  const auth0 = await startAuth0(t, { syntheticUsers: 1100 })
  const call = await createManagementCall(auth0)
  const last = await call('users?page=9&per_page=100&include_totals=true')
  t.match(last.body, { start: 900, limit: 100, length: 100, total: 1104 })
  t.match(await call('users?page=10&per_page=100'), { status: 400, body: { message: /first 1000 records/ } })
  t.equal((await call('users?per_page=101')).status, 400)
  t.equal((await call('users?from=nonsense')).status, 400)
  const seen = new Set<string>()
  let query = 'take=100'
  for (;;) {
    const { users, next } = (await call(`users?${query}`)).body as { users: { user_id: string }[]; next?: string }
    for (const { user_id } of users) seen.add(user_id)
    if (next === undefined) break
    query = `take=100&from=${next}`
  }
  t.equal(seen.size, 1104)
})

t.test('a tenant with 100,000 users starts and answers', async (t) => {
  const auth0 = await startAuth0(t, { syntheticUsers: 100_000 })
  const call = await createManagementCall(auth0)
  t.match((await call('users?per_page=1&include_totals=true')).body, { total: 100_004 })
  t.match((await call('organizations/org_big/members?take=1')).body, {
    members: [{ user_id: 'auth0|synthetic000001' }],
  })
})

t.test('a token needs the right audience and scope', async (t) => {
  const auth0 = await startAuth0(t)
  const narrow = await createManagementCall(auth0, 'read:users')
  t.equal((await narrow('users')).status, 200)
  t.match(await narrow('roles'), { status: 403, body: { message: 'Insufficient scope, expected any of: read:roles' } })
  const { body } = await postToken(auth0, {
    grant_type: 'client_credentials',
    client_id: auth0.machine.clientId,
    client_secret: auth0.machine.clientSecret,
    audience: auth0.audience,
  })
  for (const token of [String(body.access_token), 'nonsense']) {
    const response = await fetch(`${auth0.issuer}api/v2/users`, { headers: { authorization: `Bearer ${token}` } })
    t.equal(response.status, 401)
  }
})

t.test('a client secret is shown and set only with the scopes for keys, and takes effect at once', async (t) => {
  const auth0 = await startAuth0(t)
  const all = await createManagementCall(auth0)
  const narrow = await createManagementCall(auth0, 'read:clients update:clients')
  const path = `clients/${auth0.clientId}`
  t.notOk('client_secret' in ((await narrow(path)).body as object))
  t.match((await all(path)).body, { client_secret: auth0.clientSecret, refresh_token: { leeway: 0 } })
  const change = { method: 'PATCH', body: JSON.stringify({ client_secret: 'a-secret-we-chose-ourselves' }) }
  t.equal((await narrow(path, change)).status, 403)
  t.equal((await all(path, change)).status, 200)
  const fields = { ...clientFields(auth0), grant_type: 'authorization_code', code: 'junk', redirect_uri: 'x' }
  t.equal((await postToken(auth0, fields)).status, 401)
  t.equal((await postToken(auth0, { ...fields, client_secret: 'a-secret-we-chose-ourselves' })).status, 403)
  const rotated = (await all(`${path}/rotate-secret`, { method: 'POST' })).body as { client_secret: string }
  t.equal((await postToken(auth0, { ...fields, client_secret: rotated.client_secret })).status, 403)
})

t.test('callbacks and logout URLs of an application can be changed', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  const body = JSON.stringify({ callbacks: ['http://new.test/'], allowed_logout_urls: [], name: 'New' })
  const changed = await call(`clients/${auth0.clientId}`, { method: 'PATCH', body })
  t.match(changed.body, { callbacks: ['http://new.test/'], allowed_logout_urls: { length: 0 }, name: 'New' })
  t.equal((await call(`clients/${auth0.clientId}`, { method: 'PATCH', body: 'nonsense' })).status, 400)
})

t.test('every answer has the rate limit, and a call beyond it gets a 429', async (t) => {
  const nowMs = 1_800_000_030_000
  const auth0 = await startAuth0(t, { settings: { managementCallsPerMinute: 2 }, now: () => nowMs })
  const call = await createManagementCall(auth0)
  const { headers } = await call('users')
  t.same(
    ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`)),
    ['2', '1', '1800000060'],
  )
  await call('users')
  t.match(await call('users'), { status: 429, body: { errorCode: 'too_many_requests' } })
})
