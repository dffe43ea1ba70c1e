/** Backstage's own check, `backstage-cli config:check`, of the configuration that our READMEs describe. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

import t from 'tap'

import { ensurePackagesBuilt, exampleDirectory } from '../../scripts/backstage-setup.ts'

type Schema = { process: (configs: object[], options?: object) => { data: object }[] }
type Loader = { loadConfigSchema: (options: object) => Promise<Schema> }

t.setTimeout(900_000)
await ensurePackagesBuilt({ log: (line) => t.comment(line) })
const modules = join(exampleDirectory, 'node_modules')
const { loadConfigSchema } = createRequire(join(modules, 'x.js'))('@backstage/config-loader') as Loader
const packagePaths = [
  'auth-backend-module-stagedoor-provider',
  'catalog-backend-module-auth0-entity-provider',
  'permission-backend-module-stagedoor-policy',
  'app-module-stagedoor',
].map((name) => join(modules, `@stagedoor/backstage-plugin-${name}/package.json`))
const schema = await loadConfigSchema({ dependencies: [], packagePaths })

const url = 'https://portal.example.com'
const base = {
  app: { baseUrl: url },
  backend: { baseUrl: url, listen: ':7007', database: { client: 'pg', connection: '' } },
}

function check(data: object, options?: object): object {
  return schema.process([{ context: 'app-config.yaml', data: { ...base, ...data } }], options)[0]?.data ?? {}
}

function signInBy(signIn?: object): object {
  return { auth: { providers: { stagedoor: { issuer: url, ...(signIn && { signIn }) } } } }
}

t.test('a resolver of a module of your own may be named, or given in code', async (t) => {
  t.ok(check(signInBy({ resolvers: [{ resolver: 'mine', anything: 1 }] })))
  t.ok(check(signInBy()))
})

t.test('resolvers of ours and of Backstage are checked with their options', async (t) => {
  const good = [
    { resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: ['roles'] },
    { resolver: 'claimsWithoutCatalogUser', nameFrom: 'email' },
    { resolver: 'emailLocalPartMatchingUserEntityName', allowedDomains: ['example.com'] },
  ]
  t.ok(check(signInBy({ resolvers: good })))
  const wrong = [
    { resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: 'roles' },
    { resolver: 'claimsWithoutCatalogUser', nameFrom: 'nickname' },
    { resolver: 'emailLocalPartMatchingUserEntityName', allowedDomains: 'example.com' },
  ]
  for (const resolver of wrong) t.throws(() => check(signInBy({ resolvers: [resolver] })), /validation failed/)
})

t.test('secrets are known as such, and the frontend gets the prefix only', async (t) => {
  const tenant = {
    issuer: 'https://tenant.eu.auth0.com/',
    clientId: 'id',
    clientSecret: 'the secret',
    schedule: { frequency: { hours: 1 }, timeout: 'PT1H' },
    events: { webhook: { bearerTokens: ['the token'] } },
  }
  const data = {
    ...signInBy({ resolvers: [{ resolver: 'claimsWithoutCatalogUser' }] }),
    catalog: { providers: { auth0: { default: tenant } } },
    permission: { stagedoor: { rules: [{ name: 'owners', when: { owner: true } }] } },
    stagedoor: { prefix: '/gate' },
  }
  const { catalog } = check(data, { visibility: ['secret'] }) as { catalog?: object }
  const { clientSecret, events } = tenant
  t.same(catalog, { providers: { auth0: { default: { clientSecret, events } } } })
  const { app, backend, ...frontend } = check(data, { visibility: ['frontend'] }) as Record<string, unknown>
  t.ok(app && backend)
  t.same(frontend, { stagedoor: { prefix: '/gate' } })
})
