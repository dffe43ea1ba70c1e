/** Tests the exports of our modules for a Backstage with its own code. The example has that code. */
import t from 'tap'

import { startTestKit } from './stand-in-gateway.ts'
import { allowAllPolicy, startStockBackend } from './stock-backend.ts'
import { requireInstalled } from './test-backend.ts'

const authModule = '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
const policyModule = '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'
const kit = await startTestKit(t)
const refresh = '/api/auth/stagedoor/refresh'

t.test('a custom resolver signs people in with our authenticator', async (t) => {
  const backend = await startStockBackend(t, [allowAllPolicy, './custom-sign-in.ts'], {
    auth: { providers: { stagedoor: kit.providerConfig } },
  })
  const headers = await kit.headers({ sub: 'jane', org_name: 'acme', roles: ['developer'] })
  const { status, body } = await backend.call(refresh, { headers })
  t.equal(status, 200)
  t.equal(body.backstageIdentity.identity.userEntityRef, 'user:acme/jane')
  const { claims } = (await backend.callWith(body.backstageIdentity.token, '/api/auth/v1/userinfo')).body
  t.same(claims.auth0.roles, ['developer'], 'and Backstage keeps who they are by Auth0')
  t.equal((await backend.call(refresh)).status, 401, 'and nobody without an assertion')
})

type Issued = { claims: { sub: string; auth0?: object } }
type AuthNode = {
  readDeclarativeSignInResolver: (options: object) => (info: object, context: object) => Promise<Issued>
}

t.test("our resolvers keep the Auth0 identity, even if Backstage's own reader runs them", async (t) => {
  const { stagedoorSignInResolvers } = requireInstalled(authModule) as { stagedoorSignInResolvers: object }
  const { readDeclarativeSignInResolver } = requireInstalled('@backstage/plugin-auth-node') as AuthNode
  const { ConfigReader } = requireInstalled('@backstage/config') as { ConfigReader: new (data: object) => object }
  const entity = {
    kind: 'User',
    metadata: { name: 'jane', annotations: { 'auth0.com/user-id': 'auth0|jane' } },
    spec: { profile: { email: 'jane@example.com' } },
  }
  const context = {
    findCatalogUser: async () => ({ entity }),
    resolveOwnershipEntityRefs: async () => ({ ownershipEntityRefs: ['user:default/jane'] }),
    issueToken: async (parameters: Issued) => parameters,
    signInWithCatalogUser: async () => ({ claims: { sub: 'user:default/jane' } }),
  }
  const profile = { email: 'jane@example.com' }
  const claims = { ...profile, sub: 'auth0|jane', email_verified: true, roles: ['developer'] }
  for (const resolver of Object.keys(stagedoorSignInResolvers)) {
    const signIn = readDeclarativeSignInResolver({
      config: new ConfigReader({ signIn: { resolvers: [{ resolver }] } }),
      signInResolverFactories: stagedoorSignInResolvers,
    })
    const issued = await signIn({ profile, result: { claims } }, context)
    t.match(issued.claims.auth0, { sub: 'auth0|jane', roles: ['developer'] }, resolver)
  }
})

t.test('a custom policy wraps ours', async (t) => {
  const resolvers = [{ resolver: 'claimsWithoutCatalogUser' }]
  const rules = [{ name: 'admins', who: { roles: ['platform-admin'] } }]
  const backend = await startStockBackend(t, [authModule, policyModule, './wrapping-policy.ts'], {
    auth: { providers: { stagedoor: { ...kit.providerConfig, signIn: { resolvers } } } },
    permission: { enabled: true, stagedoor: { rules } },
  })
  const decide = async (roles: string[], action: string): Promise<string> => {
    const { body } = await backend.call(refresh, { headers: await kit.headers({ roles }) })
    const items = [{ id: '1', permission: { type: 'basic', name: `x.${action}`, attributes: { action } } }]
    const answer = await backend.callWith(body.backstageIdentity.token, '/api/permission/authorize', { items })
    return answer.body.items[0].result
  }
  t.equal(await decide(['platform-admin'], 'create'), 'ALLOW', 'by our rules')
  t.equal(await decide([], 'create'), 'DENY', 'by our default')
  t.equal(await decide(['platform-admin'], 'delete'), 'DENY', 'by the policy around it')
})

t.test('a custom policy decides if none of our rules matches', async (t) => {
  const resolvers = [{ resolver: 'claimsWithoutCatalogUser' }]
  const rules = [{ name: 'admins delete', who: { roles: ['platform-admin'] }, what: { actions: ['delete'] } }]
  const backend = await startStockBackend(t, [authModule, policyModule, './next-policy.ts'], {
    auth: { providers: { stagedoor: { ...kit.providerConfig, signIn: { resolvers } } } },
    permission: { enabled: true, stagedoor: { rules, default: 'allow' } },
  })
  const { body } = await backend.call(refresh, { headers: await kit.headers({ roles: ['platform-admin'] }) })
  const items = ['delete', 'read', 'create'].map((action) => ({
    id: action,
    permission: { type: 'basic', name: `x.${action}`, attributes: { action } },
  }))
  const answer = await backend.callWith(body.backstageIdentity.token, '/api/permission/authorize', { items })
  t.same(
    answer.body.items,
    [
      { id: 'delete', result: 'ALLOW' },
      { id: 'read', result: 'ALLOW' },
      { id: 'create', result: 'DENY' },
    ],
    'by our rule, by the next policy, and not by our default',
  )
})
