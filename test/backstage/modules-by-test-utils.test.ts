/** Each backend module under Backstage's own test utilities, as its users would test their Backstage. */
import t from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import type { StagedoorTestKit } from '../../plugins/backstage-test-kit/src/types.ts'
import { featureOf, loadTestUtils, requireInstalled, startTestBackend, type Credentials } from './test-backend.ts'

const authModule = '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
const catalogModule = '@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider'
const policyModule = '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'
const scaffolderModule = '@stagedoor/backstage-plugin-scaffolder-backend-module-auth0'

const { mockServices, mockCredentials } = await loadTestUtils(t)
const max = mockCredentials.user('user:default/max')
const identity = { sub: 'auth0|max', roles: ['developer'], groups: [], permissions: [], org_id: 'org_acme' }

t.test('the test kit signs a person in, as its README shows, and a forged header does not', async (t) => {
  const { createStagedoorTestKit } = requireInstalled('@stagedoor/backstage-test-kit') as {
    createStagedoorTestKit: () => Promise<StagedoorTestKit>
  }
  const stagedoor = await createStagedoorTestKit()
  t.teardown(() => stagedoor.close())
  const signIn = { resolvers: [{ resolver: 'claimsWithoutCatalogUser' }] }
  const backend = await startTestBackend(t, [featureOf('@backstage/plugin-auth-backend'), featureOf(authModule)], {
    config: { auth: { providers: { stagedoor: { ...stagedoor.providerConfig, signIn } } } },
  })
  const refresh = async (headers?: Record<string, string>) =>
    backend.call('/api/auth/stagedoor/refresh', headers && { headers })

  const { status, body } = await refresh(await stagedoor.headers({ sub: 'max', roles: ['developer'] }))
  t.equal(status, 200)
  t.same(body.backstageIdentity.identity.ownershipEntityRefs, ['user:default/max', 'group:default/developer'])
  t.equal((await refresh(await stagedoor.headers({ aud: 'somebody-else' }))).status, 401)
  t.equal((await refresh({ 'x-stagedoor-assertion': 'e30.e30.e30' })).status, 401)
  t.equal((await refresh()).status, 401)
})

t.test("the policy module gives Backstage one policy, which decides by the person's ownership", async (t) => {
  type Policy = { handle: (query: object, user: object) => Promise<{ result: string }> }
  const policies: Policy[] = []
  const { policyExtensionPoint } = requireInstalled('@backstage/plugin-permission-node/alpha') as Record<string, object>
  const { userInfo } = pluginApi().coreServices
  const ownershipEntityRefs = ['user:default/max', 'group:default/developer']
  const rules = [{ name: 'developers create', who: { roles: ['developer'] }, what: { actions: ['create'] } }]
  await startTestBackend(
    t,
    [featureOf(policyModule), serviceOf(userInfo, mockServices.userInfo({ ownershipEntityRefs }))],
    {
      config: { permission: { stagedoor: { default: 'deny', rules } } },
      extensionPoints: [[policyExtensionPoint, { setPolicy: (policy: Policy) => policies.push(policy) }]],
    },
  )
  t.equal(policies.length, 1)
  const decide = async (action: string): Promise<string | undefined> => {
    const permission = { type: 'basic', name: `x.${action}`, attributes: { action } }
    return (await policies[0]?.handle({ permission }, { credentials: max }))?.result
  }
  t.equal(await decide('create'), 'ALLOW')
  t.equal(await decide('delete'), 'DENY')
})

t.test('the catalog module adds a provider for each tenant and schedules its import', async (t) => {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  type Provider = { getProviderName: () => string; connect: (connection: object) => Promise<void> }
  const providers: Provider[] = []
  const { catalogProcessingExtensionPoint } = requireInstalled('@backstage/plugin-catalog-node') as Record<
    string,
    object
  >
  const { catalogServiceMock } = requireInstalled('@backstage/plugin-catalog-node/testUtils') as {
    catalogServiceMock: { factory: (options: object) => object }
  }
  const scheduler = mockServices.scheduler()
  const tenant = { issuer: auth0.issuer, ...auth0.management }
  const points = { addEntityProvider: (provider: Provider) => void providers.push(provider) }
  const features = [featureOf(catalogModule), pluginWithPoint('catalog', catalogProcessingExtensionPoint, points)]
  await startTestBackend(t, [...features, scheduler.factory(), catalogServiceMock.factory({ entities: [] })], {
    config: { catalog: { providers: { auth0: { staff: tenant, partners: tenant } } } },
  })
  const names = providers.map((provider) => provider.getProviderName())
  t.same(names, ['auth0-entity-provider:staff', 'auth0-entity-provider:partners'])

  const added: string[] = []
  await providers[0]?.connect({
    applyMutation: async (mutation: { added: { entity: { kind: string } }[] }) =>
      void added.push(...mutation.added.map(({ entity }) => entity.kind)),
  })
  await scheduler.triggerTask('auth0-entity-provider:staff:import')
  t.equal(added.filter((kind) => kind === 'User').length, auth0.users.length)
  t.ok(added.includes('Group'))
})

t.test(
  'the scaffolder module adds an action that gives roles, and refuses people without the one it requires',
  async (t) => {
    type Action = { id: string; handler: (context: object) => Promise<void> }
    const actions: Action[] = []
    const { scaffolderActionsExtensionPoint } = requireInstalled('@backstage/plugin-scaffolder-node') as Record<
      string,
      object
    >
    await startTestBackend(
      t,
      [featureOf(scaffolderModule), serviceOf(identityService(), { getIdentity: async () => identity })],
      {
        extensionPoints: [
          [scaffolderActionsExtensionPoint, { addActions: (...more: Action[]) => actions.push(...more) }],
        ],
      },
    )
    t.same(
      actions.map(({ id }) => id),
      ['auth0:identity'],
    )
    const run = async (input: object): Promise<Map<string, unknown>> => {
      const outputs = new Map<string, unknown>()
      const output = (name: string, value: unknown) => outputs.set(name, value)
      await actions[0]?.handler({ input, output, getInitiatorCredentials: async () => max })
      return outputs
    }
    const outputs = await run({ requireRole: ['developer', 'sre'] })
    t.same(outputs.get('roles'), ['developer'])
    t.match(outputs.get('claims'), { org_id: 'org_acme' })
    await t.rejects(run({ requireRole: ['sre'] }), { name: 'NotAllowedError' })
  },
)

t.test(
  "the identity service asks Backstage's auth plugin, and knows only people who signed in through Stagedoor",
  async (t) => {
    const claims: Record<string, unknown> = { sub: 'user:default/max', auth0: identity }
    const backend = await startTestBackend(t, [authPluginThatSays(() => claims), whoAmIPlugin()])
    const who = async (credentials: string) => {
      const { status, body } = await backend.call('/api/who/am-i', { headers: { authorization: credentials } })
      return status === 200 ? body : body.error.name
    }
    t.same(await who(mockCredentials.user.header('user:default/max')), identity)
    t.equal(await who(mockCredentials.service.header()), 'NotAllowedError', 'a machine is nobody to Auth0')
    delete claims['auth0']
    t.equal(await who(mockCredentials.user.header('user:default/max')), 'NotAllowedError', 'signed in otherwise')
  },
)

/** Replaces a service with this value. */
function serviceOf(service: object | undefined, value: object): object {
  return pluginApi().createServiceFactory({ service, deps: {}, factory: () => value })
}

/** Answers `GET /api/auth/v1/userinfo` as Backstage's auth plugin does, with these claims. */
function authPluginThatSays(claims: () => object): object {
  return pluginWith('auth', {}, () => async () => ({ claims: claims() }), '/v1/userinfo')
}

/** Answers with the caller's Auth0 identity. */
function whoAmIPlugin(): object {
  const services = { httpAuth: pluginApi().coreServices.httpAuth, identities: identityService() }
  return pluginWith(
    'who',
    services,
    ({ httpAuth, identities }) =>
      async (request) =>
        identities.getIdentity(await httpAuth.credentials(request)),
    '/am-i',
  )
}

/** A backend plugin that offers modules only this extension point. The test utilities cannot add one to a feature loader. */
function pluginWithPoint(pluginId: string, point: object | undefined, implementation: object): object {
  type Registry = { registerExtensionPoint: (...point: unknown[]) => void; registerInit: (options: object) => void }
  return pluginApi().createBackendPlugin({
    pluginId,
    register(registry: Registry) {
      registry.registerExtensionPoint(point, implementation)
      registry.registerInit({ deps: {}, init: async () => {} })
    },
  })
}

type CallerServices = {
  httpAuth: { credentials: (request: object) => Promise<Credentials> }
  identities: { getIdentity: (credentials: Credentials) => Promise<object> }
}

/** A backend plugin with one route. */
function pluginWith(
  pluginId: string,
  services: object,
  answerFor: (services: CallerServices) => (request: object) => Promise<object>,
  path: string,
): object {
  const { createBackendPlugin, coreServices } = pluginApi()
  return createBackendPlugin({
    pluginId,
    register(registry: { registerInit: (options: object) => void }) {
      registry.registerInit({
        deps: { ...services, httpRouter: coreServices.httpRouter },
        async init({ httpRouter, ...others }: CallerServices & { httpRouter: HttpRouter }) {
          const answer = answerFor(others)
          const router = (requireInstalled('express-promise-router') as { default: () => Router }).default()
          router.get(path, async (request, response) => response.json(await answer(request)))
          httpRouter.use(router)
          // Each route checks the credentials itself, as Backstage's own `userinfo` does.
          httpRouter.addAuthPolicy({ path, allow: 'unauthenticated' })
        },
      })
    },
  })
}

type Router = {
  get: (path: string, handle: (request: object, response: { json: (body: object) => void }) => Promise<void>) => void
}
type HttpRouter = { use: (router: object) => void; addAuthPolicy: (policy: object) => void }

type PluginApi = {
  createServiceFactory: (options: object) => object
  createBackendPlugin: (options: object) => object
  coreServices: Record<'httpRouter' | 'httpAuth' | 'userInfo', object>
}

function pluginApi(): PluginApi {
  return requireInstalled('@backstage/backend-plugin-api') as PluginApi
}

function identityService(): object | undefined {
  return (requireInstalled('@stagedoor/backstage-plugin-stagedoor-node') as Record<string, object>)[
    'auth0IdentityServiceRef'
  ]
}
