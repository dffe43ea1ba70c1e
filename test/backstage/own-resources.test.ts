/** A plugin's own resources under Stagedoor's policy, with permission rules about roles and claims that the plugin registers. */
import t from 'tap'

import { featureOf, loadTestUtils, requireInstalled, startTestBackend } from './test-backend.ts'

const policyModule = '@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy'
const { mockServices, mockCredentials } = await loadTestUtils(t)

type Registry = { registerInit: (options: object) => void }
type Libraries = {
  coreServices: Record<'permissionsRegistry' | 'userInfo', object>
  createBackendPlugin: (options: object) => object
  createServiceFactory: (options: object) => object
  createPermission: (options: object) => object
  createPermissionResourceRef: () => { with: (options: object) => object }
  createHasAuth0Role: (resourceRef: object, filters: object) => object
  createHasAuth0Claim: (resourceRef: object, filters: object) => object
}
const libraries = [
  '@backstage/backend-plugin-api',
  '@backstage/plugin-permission-common',
  '@backstage/plugin-permission-node',
  '@stagedoor/backstage-plugin-stagedoor-node',
].map((name) => requireInstalled(name) as object)
const library = Object.assign({}, ...libraries) as Libraries
const { coreServices } = library

const start = library.createPermission({ name: 'rollout.start', attributes: {}, resourceType: 'rollout' })

/** A plugin with its own resource type and our two rules about it. */
const rolloutsPlugin = library.createBackendPlugin({
  pluginId: 'rollouts',
  register(registry: Registry) {
    registry.registerInit({
      deps: { permissions: coreServices.permissionsRegistry },
      async init({ permissions }: { permissions: { addResourceType: (options: object) => void } }) {
        const ref = { pluginId: 'rollouts', resourceType: 'rollout' }
        const resourceRef = library.createPermissionResourceRef().with(ref)
        const filters = { everything: {}, nothing: { id: 'none' } }
        permissions.addResourceType({
          resourceRef,
          permissions: [start],
          rules: [library.createHasAuth0Role(resourceRef, filters), library.createHasAuth0Claim(resourceRef, filters)],
          getResources: async (refs: string[]) => refs.map((id) => ({ id })),
        })
      },
    })
  },
})

type Policy = { handle: (query: object, user: object) => Promise<{ result: string; conditions?: object }> }

/**
 * The policy's decision for a person with these ownership refs, after the plugin applied its conditions. The test calls both
 * itself, since the permission plugin refuses Backstage's mock tokens.
 */
async function decisionFor(
  t: Parameters<typeof startTestBackend>[0],
  condition: object,
  owned: string[],
): Promise<string> {
  const policies: Policy[] = []
  const { policyExtensionPoint } = requireInstalled('@backstage/plugin-permission-node/alpha') as Record<string, object>
  const userInfo = library.createServiceFactory({
    service: coreServices.userInfo,
    deps: {},
    factory: () => mockServices.userInfo({ ownershipEntityRefs: ['user:default/max', ...owned] }),
  })
  const when = { condition: { pluginId: 'rollouts', resourceType: 'rollout', ...condition } }
  const backend = await startTestBackend(t, [featureOf(policyModule), rolloutsPlugin, userInfo], {
    config: { permission: { stagedoor: { default: 'deny', rules: [{ name: 'sre', when }] } } },
    extensionPoints: [[policyExtensionPoint, { setPolicy: (policy: Policy) => policies.push(policy) }]],
  })
  const credentials = mockCredentials.user('user:default/max')
  const decision = await policies[0]?.handle({ permission: start }, { credentials })
  t.equal(decision?.result, 'CONDITIONAL')
  const item = { id: '1', resourceRef: 'rollout-1', resourceType: 'rollout', conditions: decision?.conditions }
  const { body } = await backend.call('/api/rollouts/.well-known/backstage/permissions/apply-conditions', {
    method: 'POST',
    headers: { authorization: mockCredentials.service.header(), 'content-type': 'application/json' },
    body: JSON.stringify({ items: [item] }),
  })
  return body.items[0].result
}

const cases = [
  ['HAS_AUTH0_ROLE', { roles: ['sre', 'platform-admin'] }, ['group:default/sre'], 'ALLOW'],
  ['HAS_AUTH0_ROLE', { roles: ['sre', 'platform-admin'] }, ['group:default/developer'], 'DENY'],
  ['HAS_AUTH0_CLAIM', { claim: 'org_id', values: ['acme'] }, ['auth0-organization:default/acme'], 'ALLOW'],
  ['HAS_AUTH0_CLAIM', { claim: 'org_id', values: ['acme'] }, ['group:default/acme'], 'DENY'],
] as const

for (const [rule, params, owned, expected] of cases) {
  t.test(`${rule} about a plugin's own resources: a person who owns ${owned[0]} gets ${expected}`, async (t) => {
    t.equal(await decisionFor(t, { rule, params: { ...params, claims: ['$ownerRefs'] } }, [...owned]), expected)
  })
}
