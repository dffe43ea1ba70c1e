import t from 'tap'

import { entityNameOf } from '../../packages/assertion-contract/src/index.ts'
import { startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const backstage = await startTrustingBackstage(t, await startTestKit(t), [
  { resolver: 'auth0IdMatchingUserEntityAnnotation' },
])

t.test('a person signs in as the catalog user with their Auth0 id, with the ownership of its groups', async (t) => {
  const answer = await backstage.signIn()
  t.equal(answer.status, 200)
  t.equal(userOf(answer), 'user:default/jane')
  t.same(await backstage.ownedBy(answer), ['user:default/jane', 'group:default/platform'])
})

t.test('an unknown person gets a 403 with the remedy', async (t) => {
  const eve = 'auth0|64f1c0ffee0000000000a003'
  const { status, body } = await backstage.signIn({ sub: eve })
  t.equal(status, 403)
  t.match(body.error?.message, `annotation "auth0.com/user-id: ${eve}"`)
  t.match(body.error?.message, 'administrators')
})

t.test('an Auth0 id that differs in case identifies another person', async (t) => {
  const { status } = await backstage.signIn({ sub: 'AUTH0|64F1C0FFEE0000000000A001' })
  t.equal(status, 403)
})

t.test('an unknown person with the e-mail address of a known user is refused', async (t) => {
  const { status } = await backstage.signIn({
    sub: 'auth0|unknown',
    email: 'jane@example.com',
    email_verified: true,
  })
  t.equal(status, 403)
})

t.test('with ownershipFrom, ownership comes from the claims and the catalog', async (t) => {
  const resolvers = [{ resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: ['roles', 'permissions'] }]
  const generous = await startTrustingBackstage(t, await startTestKit(t), resolvers)
  const answer = await generous.signIn({ roles: ['developer'], groups: ['ignored'], permissions: ['write:catalog'] })
  t.same(await generous.ownedBy(answer), [
    'user:default/jane',
    'group:default/platform',
    'group:default/developer',
    `auth0-permission:default/${entityNameOf('write:catalog')}`,
  ])
  const later = await generous.signIn({ roles: [] })
  t.same(await generous.ownedBy(later), ['user:default/jane', 'group:default/platform'])
})
