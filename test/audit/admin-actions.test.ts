import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import t from 'tap'

import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { adminActions, createClassify } from '../../src/audit/admin-actions.ts'
import { matchKey, createPathMatcher } from '../../src/rule-matching/paths.ts'

t.setTimeout(600_000)
const classify = createClassify()

type Spec = { paths: Record<string, Record<string, unknown>> }

/** Routes of the example's Backstage that change nothing although their method could. */
const reads = new Set([
  'POST /api/catalog/analyze-location',
  'POST /api/catalog/entities/by-query',
  'POST /api/catalog/entities/by-refs',
  'POST /api/catalog/entity-facets',
  'POST /api/catalog/locations/by-query',
  'POST /api/catalog/validate-entity',
  'POST /api/scaffolder/v2/autocomplete/x/x',
])

/** Every route of the real Backstage that can change something. */
async function changingRoutes(): Promise<string[]> {
  await ensureBackstage({ log: (line) => t.comment(line) })
  const require = createRequire(`${repositoryRoot}/examples/backstage/package.json`)
  return ['catalog', 'scaffolder'].flatMap((plugin) => {
    const folder = require.resolve(`@backstage/plugin-${plugin}-backend/package.json`).replace('package.json', '')
    const { spec } = require(`${folder}dist/schema/openapi/generated/router.cjs.js`) as { spec: Spec }
    return Object.entries(spec.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => ['post', 'put', 'patch', 'delete'].includes(method))
        .map((method) => `${method.toUpperCase()} /api/${plugin}${path.replaceAll(/\{\w+\}/g, 'x')}`),
    )
  })
}

t.test('each route of the real Backstage that may change something has a class or is a known read', async (t) => {
  const routes = await changingRoutes()
  t.comment(routes.join(', '))
  t.ok(routes.length > 10)
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ')
    t.equal(classify(method, path) === undefined, reads.has(route), route)
  }
  t.same(
    [...reads].filter((route) => !routes.includes(route)),
    [],
    'the list of reads is not out of date',
  )
})

t.test('each row of the table for catalog and scaffolder is a route of the real Backstage', async (t) => {
  const routes = await changingRoutes()
  const rows = adminActions
    .filter(({ path }) => /^\/api\/(?:catalog|scaffolder)\//.test(path))
    .flatMap(({ methods, path }) => methods.map((method) => `${method} ${path.replaceAll('*', 'x')}`))
  t.ok(rows.length > 8)
  t.same(
    rows.filter((row) => !routes.includes(row)),
    [],
  )
})

type Published = { package: string; version: string; class: string; mountedAt: string; routes: string[] }

/** Routes of plugins that the example's Backstage lacks, as written in their published packages. */
const published = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'plugin-routes.json'), 'utf8'),
) as Published[]

for (const plugin of published) {
  t.test(`each changing route of ${plugin.package} ${plugin.version} is ${plugin.class}`, async (t) => {
    for (const route of plugin.routes) {
      const [method = '', path = ''] = route.replaceAll(/:\w+/g, 'x').split(' ')
      t.equal(classify(method, plugin.mountedAt + path), plugin.class, route)
    }
  })
}

t.test('each row about permissions covers a route of the RBAC plugin', async (t) => {
  const paths = published.flatMap(({ mountedAt, routes }) =>
    routes.map((route) => matchKey(mountedAt + (route.split(' ')[1] ?? '').replaceAll(/:\w+/g, 'x'))),
  )
  const rows = adminActions.filter((action) => action.class === 'permission-change')
  t.equal(rows.length, 4)
  for (const { path } of rows) t.ok(paths.some(createPathMatcher(path)), path)
})

/** Every path for which this file of the real Backstage has a `router.post`. */
async function postsIn(packageName: string, file: string): Promise<string[]> {
  await ensureBackstage({ log: (line) => t.comment(line) })
  const require = createRequire(`${repositoryRoot}/examples/backstage/package.json`)
  const folder = require.resolve(`${packageName}/package.json`).replace('package.json', '')
  const source = readFileSync(join(folder, file), 'utf8')
  return [...source.matchAll(/router\.post\(\s*["']([^"']+)["']/g)].map(([, path = '']) => path)
}

t.test('every way to call an action of the real Backstage is action-call', async (t) => {
  const registry = 'dist/alpha/entrypoints/actionsRegistry/DefaultActionsRegistryService.cjs.js'
  const invoked = await postsIn('@backstage/backend-defaults', registry)
  t.equal(invoked.length, 2)
  for (const path of invoked) t.equal(classify('POST', `/api/catalog${path.replace(':actionId', 'x')}`), 'action-call')
  const mcp = await postsIn('@backstage/plugin-mcp-actions-backend', 'dist/routers/createStreamableRouter.cjs.js')
  t.same(mcp, ['/'])
  for (const server of ['/v1', '/v1/one']) t.equal(classify('POST', `/api/mcp-actions${server}`), 'action-call')
})

t.test('the permission plugin of the real Backstage changes nothing', async (t) => {
  t.same(await postsIn('@backstage/plugin-permission-backend', 'dist/service/router.cjs.js'), ['/authorize'])
  t.equal(classify('POST', '/api/permission/authorize'), undefined)
})

const table: [method: string, path: string, expected: string | undefined][] = [
  ['DELETE', '/api/catalog/locations/123', 'catalog-write'],
  ['DELETE', '/API/Catalog/locations/123/', 'catalog-write'],
  ['DELETE', '/api/catalog/entities/by-uid/123', 'catalog-write'],
  ['POST', '/api/catalog/locations', 'catalog-write'],
  ['GET', '/api/catalog/locations', undefined],
  ['POST', '/api/scaffolder/v2/tasks', 'scaffolder-run'],
  ['POST', '/api/permission/authorize', undefined],
  ['POST', '/api/permission/roles', 'permission-change'],
  ['PUT', '/api/permission/roles/role/default/x', 'permission-change'],
  ['DELETE', '/api/permission/policies/user/default/jane', 'permission-change'],
  ['POST', '/api/permission/plugins/condition', 'permission-change'],
  ['POST', '/api/permission/refresh/ldap', 'permission-change'],
  ['POST', '/api/mcp-actions/v1', 'action-call'],
  ['POST', '/api/catalog/.backstage/actions/v1/actions/catalog:unregister-entity/invoke', 'action-call'],
  ['GET', '/api/catalog/.backstage/actions/v1/actions', undefined],
  ['POST', '/api/techdocs/publish', 'techdocs-write'],
  ['DELETE', '/api/anything/1', 'delete'],
  ['DELETE', '/elsewhere/1', undefined],
  ['OPTIONS', '/api/catalog/locations', undefined],
]

for (const [method, path, expected] of table) {
  t.test(`${method} ${path} is ${expected ?? 'no admin action'}`, async (t) => {
    t.equal(classify(method, path), expected)
  })
}
