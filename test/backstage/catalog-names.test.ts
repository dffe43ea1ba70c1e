/** Who has a name in the catalog when names change hands in Auth0. */
import t from 'tap'

import { bob, jane, userOf } from '../support/auth0-people.ts'
import { buildModule, createImport, startAuth0 } from './catalog-import.ts'

await buildModule(t)

t.test('another `nameFrom` leaves nobody twice in the catalog, however many people there are', async (t) => {
  const auth0 = await startAuth0(t, 100)
  const entities = new Map()
  await createImport(auth0, { entities }).run()
  const before = entities.size
  const renamed = createImport(auth0, { entities, settings: { nameFrom: 'email' } })
  await renamed.run()
  t.equal(entities.size, before)
  t.same(renamed.lines, [])
})

t.test('a user who takes the place of a deleted one has the name at the next import', async (t) => {
  const auth0 = await startAuth0(t)
  const catalog = createImport(auth0, { settings: { nameFrom: 'email' } })
  await catalog.run()
  const { email = '' } = auth0.tenant.users.find(({ id }) => id === jane) ?? {}
  auth0.switches.deleteUser(jane)
  auth0.switches.createUser(userOf({ id: 'samlp|okta|jane', email }))
  await catalog.run()
  t.ok(catalog.user('samlp|okta|jane'))
  t.notOk(catalog.user(jane))
  t.same(catalog.lines, [])
})

t.test('an organization that was deleted and made again has its name and its members at the next import', async (t) => {
  const auth0 = await startAuth0(t)
  auth0.tenant.organizations.push({ id: 'org_old', name: 'sre', displayName: 'SRE' })
  const catalog = createImport(auth0)
  await catalog.run()
  auth0.tenant.organizations.splice(-1, 1, { id: 'org_new', name: 'sre', displayName: 'SRE' })
  auth0.switches.setOrganizations(jane, ['org_new'])
  await catalog.run()
  t.match(catalog.entities.get('group:default/sre')?.metadata.annotations, { 'auth0.com/organization-id': 'org_new' })
  t.ok(catalog.user(jane)?.spec.memberOf?.includes('group:default/sre'))
})

t.test(
  'an organization that came first gives way to a role of its name, and its members do not get the role',
  async (t) => {
    const auth0 = await startAuth0(t)
    auth0.tenant.organizations.push({ id: 'org_sre', name: 'sre', displayName: 'SRE' })
    auth0.switches.setOrganizations(jane, ['org_sre'])
    const catalog = createImport(auth0)
    await catalog.run()
    t.equal(catalog.entities.get('group:default/sre')?.spec.type, 'auth0-organization')
    auth0.tenant.configuration.roles.push({ name: 'sre' })
    auth0.switches.setRoles(bob, ['sre'])
    await catalog.run()
    t.equal(catalog.entities.get('group:default/sre')?.spec.type, 'auth0-role')
    t.notOk(catalog.user(jane)?.spec.memberOf?.includes('group:default/sre'))
    t.match(catalog.lines.at(-1), /organization org_sre .* left out: group:default\/sre is role rol_/)
  },
)
