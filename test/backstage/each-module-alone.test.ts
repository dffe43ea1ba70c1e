/**
 * Each backend module works in a Backstage without our other modules. The frontend module is not tested here: the
 * example's frontend and the one of the old frontend system cover it.
 */

import t from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { until } from '../support/until.ts'
import { startTestKit } from './stand-in-gateway.ts'
import { allowAllPolicy, guestProvider, serviceToken, startStockBackend } from './stock-backend.ts'

const authModule = '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
const catalogModule = '@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider'
const policyModule = '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'
const kit = await startTestKit(t)

t.test('the auth module alone signs in only callers with a valid assertion', async (t) => {
  const resolvers = [{ resolver: 'claimsWithoutCatalogUser', nameFrom: 'preferred_username' }]
  const backend = await startStockBackend(t, [allowAllPolicy, authModule], {
    auth: { providers: { stagedoor: { ...kit.providerConfig, signIn: { resolvers } } } },
  })
  const refresh = '/api/auth/stagedoor/refresh'
  const { status, body } = await backend.call(refresh, { headers: await kit.headers({ preferred_username: 'jane' }) })
  t.equal(status, 200)
  const userInfo = await backend.callWith(body.backstageIdentity.token, '/api/auth/v1/userinfo')
  t.equal(userInfo.body.claims.sub, 'user:default/jane', 'with a token that Backstage takes')

  t.equal((await backend.call(refresh)).status, 401, 'without an assertion')
  t.equal((await backend.call('/api/auth/guest/refresh')).status, 404, 'and there is no other provider')
})

t.test("the catalog module alone imports Auth0's users into the catalog", async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const tenant = { issuer: auth0.issuer, ...auth0.management, nameFrom: 'nickname' }
  const backend = await startStockBackend(t, [allowAllPolicy, catalogModule], {
    catalog: { providers: { auth0: { default: tenant } } },
  })
  const people = async (): Promise<string[]> => {
    const answer = await backend.callWith(serviceToken, '/api/catalog/entities/by-query?filter=kind=user')
    return answer.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name).toSorted()
  }
  const expected = auth0.users.map(({ nickname }) => nickname).toSorted()
  await until(async () => (await people()).length >= expected.length, 200)
  t.same(await people(), expected)
})

t.test('the policy module alone decides about users of another provider', async (t) => {
  const guest = {
    userEntityRef: 'user:default/guest',
    ownershipEntityRefs: ['user:default/guest', 'group:default/developer'],
    dangerouslyAllowOutsideDevelopment: true,
  }
  const rules = [
    { name: 'developers create', who: { roles: ['developer'] }, what: { names: ['catalog.entity.create'] } },
  ]
  const backend = await startStockBackend(t, [guestProvider, policyModule], {
    auth: { providers: { guest } },
    permission: { enabled: true, stagedoor: { default: 'deny', rules } },
  })
  const { body } = await backend.call('/api/auth/guest/refresh')
  const names = ['catalog.entity.create', 'catalog.location.create']
  const items = names.map((name) => ({
    id: name,
    permission: { type: 'basic', name, attributes: { action: 'create' } },
  }))
  const { token } = body.backstageIdentity
  const answer = await backend.callWith(token, '/api/permission/authorize', { items })
  const decisions = [
    { id: 'catalog.entity.create', result: 'ALLOW' },
    { id: 'catalog.location.create', result: 'DENY' },
  ]
  t.same(answer.body.items, decisions)
  const location = { type: 'url', target: 'http://127.0.0.1/catalog-info.yaml' }
  t.equal((await backend.callWith(token, '/api/catalog/locations', location)).status, 403, 'the catalog abides by it')
})
