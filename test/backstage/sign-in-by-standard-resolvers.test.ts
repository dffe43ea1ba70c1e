import t from 'tap'

import { startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const signer = await startTestKit(t)
const unknown = { sub: 'auth0|none' }

t.test("Backstage's own resolvers work beside ours, in the configured order", async (t) => {
  const backstage = await startTrustingBackstage(t, signer, [
    { resolver: 'auth0IdMatchingUserEntityAnnotation' },
    { resolver: 'emailMatchingUserEntityProfileEmail' },
    { resolver: 'emailLocalPartMatchingUserEntityName', allowedDomains: ['example.org'] },
  ])
  t.equal(userOf(await backstage.signIn()), 'user:default/jane', 'by the annotation')
  const byEmail = await backstage.signIn({ ...unknown, email: 'max@example.com', email_verified: true })
  t.equal(userOf(byEmail), 'user:default/max', 'by the address')
  t.ok((await backstage.ownedBy(byEmail)).includes('group:default/web'), 'who owns what the catalog says')
  const byName = await backstage.signIn({ ...unknown, email: 'jane@example.org', email_verified: true })
  t.equal(userOf(byName), 'user:default/jane', 'by the part before the @')

  const elsewhere = await backstage.signIn({ ...unknown, email: 'jane@example.net', email_verified: true })
  t.equal(elsewhere.status, 403, 'of the allowed domains only')
  const unverified = await backstage.signIn({ ...unknown, email: 'max@example.com', email_verified: false })
  t.equal(unverified.status, 403, 'an address that nobody verified finds nobody')
})

t.test('a person without a catalog user signs in if configured', async (t) => {
  const resolver = 'emailLocalPartMatchingUserEntityName'
  const backstage = await startTrustingBackstage(t, signer, [
    { resolver, dangerouslyAllowSignInWithoutUserInCatalog: true },
  ])
  const answer = await backstage.signIn({ ...unknown, email: 'nina@example.com', email_verified: true })
  t.same(await backstage.ownedBy(answer), ['user:default/nina'])
})
