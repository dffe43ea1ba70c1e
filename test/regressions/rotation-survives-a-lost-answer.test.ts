import t from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { createSendJson } from '../../src/cli/json-client.ts'
import { createExpect } from '../../src/cli/management-api.ts'
import { acceptanceBy } from '../../src/cli/rotate/acceptance.ts'

/** Fetches, but for the first request of a path, whose connection is cut. */
function losingFirst(path: string): typeof fetch {
  let isLost = false
  return async (url, init) => {
    if (isLost || !(url instanceof Request ? url.url : url.toString()).includes(path)) return fetch(url, init)
    isLost = true
    throw new TypeError('fetch failed', { cause: new Error('read ECONNRESET') })
  }
}

t.test('one answer of Auth0 that does not come does not turn a rotation back while it is verified', async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const send = createSendJson(losingFirst('oauth/token'))
  const { issuer, clientId, clientSecret } = auth0
  const expect = createExpect(issuer, { STAGEDOOR_MANAGEMENT_TOKEN: 'unused' }, fetch)
  const patience = { everyMs: 1, limitMs: 10_000 }
  const application = { issuer, clientId, expect, send, settleMs: 0, patience }
  const { mustTakeOver, mustWork } = acceptanceBy(application, 'client-secret')
  await mustTakeOver(clientSecret, 'another secret')
  await mustWork(clientSecret)
  const silent = { ...application, send: createSendJson(losingFirst('oauth/token')) }
  await t.rejects(acceptanceBy(silent, 'client-secret').mustWork(clientSecret), { message: /read ECONNRESET/ })
})

t.test('a token that Auth0 did not give is asked for again by the next call', async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const { clientId, clientSecret } = auth0.management
  const env = { STAGEDOOR_MANAGEMENT_CLIENT_ID: clientId, STAGEDOOR_MANAGEMENT_CLIENT_SECRET: clientSecret }
  const expect = createExpect(auth0.issuer, env, losingFirst('oauth/token'))
  await t.rejects(expect([200], 'GET', 'clients'), { message: /does not answer: read ECONNRESET/ })
  await expect([200], 'GET', 'clients')
})
