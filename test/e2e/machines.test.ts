import t from 'tap'

import { ask, grantedToken, machineToken } from '../support/machine.ts'
import { startPortal } from './portal.ts'

const audience = 'https://backstage.example.com/api'
const classes = [{ audience: 'urn:stagedoor:backstage-machine:catalog-read', scopes: ['read:catalog'] }]

t.test('a machine with the scope can read the catalog of a real Backstage, and one without it cannot', async (t) => {
  const portal = await startPortal(t, {
    config: { machines: { audiences: [audience], classes } },
    configFiles: ['app-config.machines.yaml'],
  })
  const { auth0, url } = portal
  const entities = `${url}/api/catalog/entities`

  const token = await grantedToken(auth0, audience)
  const read = await ask(entities, token)
  t.equal(read.status, 200)
  t.ok(Array.isArray(read.body), 'a list of entities')

  const without = machineToken(auth0, { scope: 'other', permissions: [] })
  t.match(await ask(entities, without), { status: 401, body: { error: { name: 'AuthenticationError' } } })
  const elsewhere = await ask(`${url}/api/auth/v1/userinfo`, token)
  t.not(elsewhere.status, 200, 'a plugin outside the restrictions does not let it in')
  t.equal((await ask(`${portal.backstageUrl}/api/catalog/entities`, token)).status, 401, 'Auth0’s token opens nothing')

  const { browser } = await portal.signIn('jane@example.com', undefined, '/catalog')
  const echo = JSON.parse((await browser.fetch(`${url}/api/demo/echo-headers`)).text)
  const assertion = echo.headers['x-stagedoor-assertion']
  t.match(assertion, /^eyJ/)
  t.equal(
    (await ask(`${portal.backstageUrl}/api/catalog/entities`, assertion)).status,
    401,
    'a person’s assertion is no machine’s token',
  )
})
