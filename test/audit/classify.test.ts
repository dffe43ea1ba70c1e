import { createRequire } from 'node:module'

import t from 'tap'

import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { adminActions } from '../../src/audit/admin-actions.ts'
import { createClassify } from '../../src/audit/classify.ts'
import { createPathMatcher } from '../../src/policy/path-matcher.ts'

t.setTimeout(600_000)
const classify = createClassify(createPathMatcher)

type Spec = { paths: Record<string, Record<string, unknown>> }

/** Routes of the example's Backstage that change nothing, though their method could. */
const reads = new Set([
  'POST /api/catalog/analyze-location',
  'POST /api/catalog/entities/by-query',
  'POST /api/catalog/entities/by-refs',
  'POST /api/catalog/entity-facets',
  'POST /api/catalog/locations/by-query',
  'POST /api/catalog/validate-entity',
  'POST /api/scaffolder/v2/autocomplete/x/x',
])

/** Every route by which the real Backstage lets something be changed. */
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

t.test('each changing route of the real Backstage has a class, or is known to be a read', async (t) => {
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
  ['PATCH', '/api/rbac/roles', 'permission-change'],
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
