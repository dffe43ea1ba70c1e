import t from 'tap'

import { entityNameOf } from '../../packages/assertion-contract/src/index.ts'
import { buildModule, createImport, everybody, startAuth0 } from './catalog-import.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'
const eve = 'auth0|64f1c0ffee0000000000a003'
const bob = 'auth0|64f1c0ffee0000000000a004'

await buildModule(t)

t.test('users, roles, groups and organizations become Users and Groups with membership', async (t) => {
  const catalog = createImport(await startAuth0(t))
  const report = await catalog.run()
  t.same(report, { users: 4, groups: 3 + 3 + 3, removed: 0 })
  t.match(catalog.user(jane), {
    kind: 'User',
    metadata: {
      name: entityNameOf(jane),
      annotations: {
        'auth0.com/user-id': jane,
        'auth0.com/role-groups': 'group:default/platform-admin group:default/stagedoor-admin',
        'backstage.io/managed-by-location': 'auth0-entity-provider:test',
        'backstage.io/managed-by-origin-location': 'auth0-entity-provider:test',
      },
    },
    spec: { profile: { displayName: 'Jane Doe', email: 'jane@example.com' } },
  })
  t.same(catalog.user(jane)?.spec.memberOf?.toSorted(), [
    'group:default/demo',
    'group:default/everyone',
    'group:default/platform',
    'group:default/platform-admin',
    'group:default/stagedoor-admin',
  ])
  t.match(catalog.entities.get('group:default/developer'), {
    metadata: { description: 'The role developer' },
    spec: { type: 'auth0-role', children: { length: 0 } },
  })
  t.match(catalog.entities.get('group:default/demo'), {
    spec: { type: 'auth0-organization', profile: { displayName: 'Demo Company' } },
  })
  t.equal(catalog.entities.get('group:default/web')?.spec.type, 'auth0-group')
})

t.test('an unverified e-mail address is not imported, since sign-in by address would trust it', async (t) => {
  const catalog = createImport(await startAuth0(t))
  await catalog.run()
  t.same(catalog.user(eve)?.spec.profile.email, undefined)
})

t.test('a user with a field of an undocumented type is imported without that field', async (t) => {
  const auth0 = await startAuth0(t)
  const person = auth0.tenant.users.find(({ id }) => id === jane)
  Object.assign(person ?? {}, { name: null, emailVerified: 'true' })
  const catalog = createImport(auth0)
  t.match(await catalog.run(), { users: 4 })
  t.same(Object.keys(catalog.user(jane)?.spec.profile ?? {}), ['displayName', 'picture'])
})

t.test('more than 1,000 users are imported, even if many were created at the same moment', async (t) => {
  const auth0 = await startAuth0(t, 2_500)
  for (const user of auth0.users.slice(1_000, 1_350)) user.createdAt = '2026-02-01T00:05:00.000Z'
  const catalog = createImport(auth0)
  t.match(await catalog.run(), { users: 2_504 })
})

t.test('a second import writes nothing if nothing has changed', async (t) => {
  const catalog = createImport(await startAuth0(t, 300))
  await catalog.run()
  const before = inOrder(catalog.entities)
  catalog.restart()
  t.match(await catalog.run(), { users: 304, removed: 0 })
  t.equal(inOrder(catalog.entities), before)
})

function inOrder(entities: ReadonlyMap<string, unknown>): string {
  const refs = [...entities.keys()].toSorted((left, right) => left.localeCompare(right))
  return JSON.stringify(refs.map((ref) => [ref, entities.get(ref)]))
}

t.test('a tenant without Auth0 Groups is imported without them', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.switches.setSettings({ groups: false })
  const catalog = createImport(auth0)
  t.match(await catalog.run(), { users: 4, groups: 6 })
})

t.test('an organization with the name of a role gets no Group and no members, and the log names both', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.tenant.organizations.push({ id: 'org_evil', name: 'platform-admin', displayName: 'Evil' })
  auth0.switches.setOrganizations(eve, ['org_evil'])
  const catalog = createImport(auth0)
  await catalog.run()
  t.equal(catalog.entities.get('group:default/platform-admin')?.spec.type, 'auth0-role')
  t.same(catalog.user(eve)?.spec.memberOf, [])
  const told = catalog.lines.find((line) => line.includes('org_evil'))
  t.match(told, /organization org_evil .* left out: group:default\/platform-admin is role rol_/)
})

t.test('a user keeps an entity name, even after a restart, and a second user with that name is logged', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0, { settings: { nameFrom: 'nickname' } })
  await catalog.run()
  // The older account takes Jane's name: it comes first in Auth0's list.
  auth0.switches.setUser(bob, { nickname: 'jane', createdAt: '2020-01-01T00:00:00.000Z' })
  catalog.restart()
  await catalog.run()
  t.match(catalog.entities.get('user:default/jane'), { metadata: { annotations: { 'auth0.com/user-id': jane } } })
  t.match(
    catalog.lines.find((line) => line.includes(bob)),
    `user ${bob} is left out: user:default/jane is user ${jane} already`,
  )
})

const filters = [
  ['a connection', { connection: 'google-oauth2' }, []],
  ['a query', { query: 'email:"jane@example.com"' }, [jane]],
  [
    'a connection and a query',
    { connection: 'Username-Password-Authentication', query: 'email:"bob@example.com"' },
    [bob],
  ],
  ['a role', { roles: ['platform-admin'] }, [jane]],
  ['an organization that nobody is in', { organizations: ['other'] }, []],
] as const

for (const [what, filter, expected] of filters) {
  t.test(`a filter by ${what} leaves other users out`, async (t) => {
    const catalog = createImport(await startAuth0(t), { settings: { filter: { ...everybody, ...filter } } })
    await catalog.run()
    const users = [...catalog.entities.values()].filter(({ kind }) => kind === 'User')
    t.same(
      users.map(({ metadata }) => metadata.annotations['auth0.com/user-id']),
      expected,
    )
  })
}

t.test('blocked users can be left out', async (t) => {
  const catalog = createImport(await startAuth0(t), { settings: { includeBlocked: false } })
  await catalog.run()
  t.equal(catalog.user(bob), undefined)
  t.ok(catalog.user(jane))
})

t.test('transformers can change and drop entities, but not reassign them to another user', async (t) => {
  const catalog = createImport(await startAuth0(t), {
    transformers: {
      group: async (entity) => (entity.spec.type === 'auth0-organization' ? undefined : entity),
      user: async (entity, user) => ({
        ...entity,
        metadata: { name: String(user.nickname), annotations: { 'auth0.com/user-id': 'auth0|somebody-else' } },
      }),
    },
  })
  await catalog.run()
  t.match(catalog.entities.get('user:default/jane'), { metadata: { annotations: { 'auth0.com/user-id': jane } } })
  t.notOk(catalog.entities.get('group:default/demo'))
  t.notOk(catalog.user(jane)?.spec.memberOf?.includes('group:default/demo'))
})
