import t from 'tap'

import { freePort } from '../support/ports.ts'
import { startStack } from '../support/stack.ts'

// Sessions had the provider's spelling, while Auth0's events ended sessions with the configured one, that is, none.
t.test('with an issuer that lacks the slash of its discovery document logins fail, and the log says why', async (t) => {
  const port = await freePort()
  const configured = `http://127.0.0.1:${port}`
  const stack = await startStack(t, { auth0: { port }, config: { auth0: { issuer: configured } } })
  const { page } = await stack.signIn()
  t.equal(page.status, 503)
  const failure = stack.logged.find(({ issuer }) => issuer === configured)
  t.match(failure, { err: { message: `write auth0.issuer: ${stack.auth0.issuer}` } })
})
