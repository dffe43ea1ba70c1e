/** Our permission rules in conditional policies of the community's RBAC plugin, with the example's policies. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { exampleDirectory } from '../../scripts/backstage-setup.ts'
import { rbacEntry, rbacModules } from '../../scripts/rbac/install.ts'
import { until } from '../support/until.ts'
import { startTestKit } from './stand-in-gateway.ts'
import { startStockBackend } from './stock-backend.ts'

const skip = existsSync(rbacEntry) ? false : 'the RBAC plugin is not installed: npm run test:rbac installs it'
const modules = [
  '@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider',
  '@stagedoor/backstage-plugin-catalog-backend-module-auth0-entity-provider',
  '@stagedoor/backstage-plugin-catalog-backend-module-auth0-rules',
  rbacEntry,
]
type Config = {
  auth: { providers: { stagedoor: object } }
  permission: { rbac: object }
}

t.test("conditional policies of the RBAC plugin use Auth0's roles and claims", { skip }, async (t) => {
  // The plugin finds its own files by its name.
  process.env['NODE_PATH'] = rbacModules
  const kit = await startTestKit(t)
  const { auth, permission }: Config = parse(readFileSync(join(exampleDirectory, 'rbac/app-config.yaml'), 'utf8'))
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const backend = await startStockBackend(t, modules, {
    auth: { providers: { stagedoor: { ...auth.providers.stagedoor, ...kit.providerConfig } } },
    catalog: { providers: { auth0: { default: { issuer: auth0.issuer, ...auth0.management, nameFrom: 'nickname' } } } },
    permission,
  })

  async function signIn(roles: string[], groups: string[]): Promise<string> {
    const headers = await kit.headers({ sub: `auth0|${roles.join()}`, roles, groups })
    return (await backend.call('/api/auth/stagedoor/refresh', { headers })).body.backstageIdentity.token
  }
  async function decide(token: string, name: string, action: string): Promise<string> {
    const permission = { type: 'resource', name, resourceType: 'catalog-entity', attributes: { action } }
    const items = [{ id: '1', permission, resourceRef: `user:default/${auth0.users[0]?.nickname}` }]
    const { body } = await backend.callWith(token, '/api/permission/authorize', { items })
    return body.items[0].result
  }
  const decisions = async (token: string) => ({
    read: await decide(token, 'catalog.entity.read', 'read'),
    delete: await decide(token, 'catalog.entity.delete', 'delete'),
    refresh: await decide(token, 'catalog.entity.refresh', 'update'),
  })

  const admin = await signIn(['platform-admin'], ['everyone'])
  // The catalog imports the entity, and the plugin the policies, in the background.
  await until(async () => (await decide(admin, 'catalog.entity.delete', 'delete')) === 'ALLOW', 200)
  t.same(await decisions(admin), { read: 'ALLOW', delete: 'ALLOW', refresh: 'DENY' })
  const developer = await signIn(['developer'], ['everyone', 'platform'])
  t.same(await decisions(developer), { read: 'ALLOW', delete: 'DENY', refresh: 'ALLOW' })
  const stranger = await signIn(['platform-admin'], [])
  t.same(await decisions(stranger), { read: 'DENY', delete: 'DENY', refresh: 'DENY' }, 'without the role of RBAC')
})
