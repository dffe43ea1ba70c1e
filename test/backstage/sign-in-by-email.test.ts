import t from 'tap'

import { startTestKit, startTrustingBackstage, userOf } from './stand-in-gateway.ts'

const backstage = await startTrustingBackstage(t, await startTestKit(t), [
  { resolver: 'auth0IdMatchingUserEntityAnnotation' },
  { resolver: 'verifiedEmailMatchingUserEntityProfileEmail' },
])
const max = { sub: 'google-oauth2|1', email: 'Max@example.com', email_verified: true }

t.test('a person unknown to the first resolver is found by their verified e-mail address', async (t) => {
  const answer = await backstage.signIn(max)
  t.equal(answer.status, 200)
  t.equal(userOf(answer), 'user:default/max')
})

for (const verified of [false, undefined, 'true']) {
  t.test(`an e-mail address with email_verified ${JSON.stringify(verified)} does not sign in`, async (t) => {
    const { status, body } = await backstage.signIn({ ...max, email_verified: verified })
    t.equal(status, 403)
    t.match(body.error?.message, 'not verified')
  })
}

t.test('an unknown or missing address gets the 403 with the remedy', async (t) => {
  for (const email of ['nobody@example.com', undefined]) {
    const { status, body } = await backstage.signIn({ ...max, email })
    t.equal(status, 403)
    t.match(body.error?.message, 'auth0.com/user-id: google-oauth2|1')
  }
})
