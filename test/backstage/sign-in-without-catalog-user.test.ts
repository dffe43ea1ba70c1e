import t from 'tap'

import { entityNameOf } from '../../packages/assertion-contract/src/index.ts'
import { startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const signer = await startTestKit(t)
const eve = {
  sub: 'auth0|64f1c0ffee0000000000a003',
  email: 'eve@example.com',
  preferred_username: 'eve',
  roles: ['developer', 'Platform Admin'],
  groups: ['web', 'developer'],
}

t.test('by default the name comes from the Auth0 id, ownership from roles and groups', async (t) => {
  const backstage = await startTrustingBackstage(t, signer, [{ resolver: 'claimsWithoutCatalogUser' }])
  const answer = await backstage.signIn(eve)
  const user = `user:default/${entityNameOf(eve.sub)}`
  t.equal(userOf(answer), user)
  const groups = ['developer', entityNameOf('Platform Admin'), 'web'].map((name) => `group:default/${name}`)
  t.same(await backstage.ownedBy(answer), [user, ...groups])
})

t.test('the name may come from another claim, and ownership from one of both', async (t) => {
  const resolver = { resolver: 'claimsWithoutCatalogUser', nameFrom: 'preferred_username', ownershipFrom: ['groups'] }
  const backstage = await startTrustingBackstage(t, signer, [resolver])
  const answer = await backstage.signIn(eve)
  t.same(await backstage.ownedBy(answer), ['user:default/eve', 'group:default/web', 'group:default/developer'])

  const { preferred_username: _name, ...nameless } = eve
  t.equal((await backstage.signIn(nameless)).status, 403, 'without that claim nobody is signed in')
})

t.test('a name from an e-mail address needs a verified one', async (t) => {
  const backstage = await startTrustingBackstage(t, signer, [
    { resolver: 'claimsWithoutCatalogUser', nameFrom: 'email' },
  ])
  t.equal((await backstage.signIn({ ...eve, email_verified: false })).status, 403)
  t.equal(userOf(await backstage.signIn({ ...eve, email_verified: true })), `user:default/${entityNameOf(eve.email)}`)
})
