import t from 'tap'

import { jane, userOf } from '../support/auth0-people.ts'
import { createManagementCall } from './support/management.ts'
import { startAuth0 } from './support/start.ts'

const newcomer = userOf({ id: 'google-oauth2|new' })

t.test('users are searched by creation, connection, id and address, oldest first', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  auth0.switches.createUser(newcomer)
  const search = async (q: string, sort = 'created_at:1') => {
    const { status, body } = await call(`users?${new URLSearchParams({ q, sort }).toString()}`)
    return status === 200 ? (body as { email: string }[]).map(({ email }) => email) : status
  }
  t.same(await search('created_at:[2026-01-02 TO *]'), ['new@example.com'])
  t.same((await search('created_at:[* TO *]')).toString().split(',').at(-1), 'new@example.com')
  t.same(await search('created_at:[* TO *] AND (identities.connection:"google-oauth2")'), ['new@example.com'])
  t.same(await search(`user_id:"${jane}" AND (email:"jane@example.com")`), ['jane@example.com'])
  t.equal(await search('name:jane'), 400)
  t.equal(await search('', 'email:1'), 400)
  auth0.switches.setSettings({ notYetIndexed: [jane] })
  t.same(await search(`user_id:"${jane}"`), [])
  t.equal((await call(`users/${encodeURIComponent(jane)}`)).status, 200)
})

t.test('groups have members if the tenant has groups', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  const { groups } = (await call('groups?take=10')).body as { groups: { id: string; name: string }[] }
  t.same(
    groups.map(({ name }) => name),
    ['everyone', 'platform', 'web'],
  )
  t.match((await call(`groups/${groups[1]?.id}`)).body, { name: 'platform' })
  t.match((await call(`groups/${groups[1]?.id}/members?take=1`)).body, { members: [{ user_id: jane }] })
  t.match((await call(`users/${encodeURIComponent(jane)}/groups`)).body, [{ name: 'platform' }, { name: 'everyone' }])
  t.equal((await call('groups/none')).status, 404)
  t.equal((await call('users/nobody/groups')).status, 404)
  auth0.switches.setSettings({ groups: false })
  t.equal((await call('groups')).status, 404)
})

t.test('events report users who are created, deleted or added to a group', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  auth0.switches.createUser(newcomer)
  t.throws(() => auth0.switches.createUser(newcomer))
  auth0.switches.setOrganizations(newcomer.id, ['org_demo'])
  t.match((await call('organizations/org_demo')).body, { name: 'demo' })
  t.match((await call(`users/${encodeURIComponent(newcomer.id)}/organizations`)).body, [{ id: 'org_demo' }])
  auth0.switches.setOrganizations(newcomer.id, [])
  auth0.switches.deleteUser(newcomer.id)
  t.throws(() => auth0.switches.deleteUser(newcomer.id))
  t.throws(() => auth0.switches.setOrganizations(newcomer.id, []))
})

t.test('each planned failure occurs once, below its path only', async (t) => {
  const auth0 = await startAuth0(t)
  const call = await createManagementCall(auth0)
  auth0.switches.failNext('/api/v2/users', [429, 500])
  t.equal((await call('roles')).status, 200)
  t.same([(await call('users')).status, (await call('users')).status, (await call('users')).status], [429, 500, 200])
})
