/** An app has one copy of Backstage's APIs, and our packages add no second one. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { versionsIn } from '../../scripts/stock-backstage/lockfile.ts'

type Manifest = {
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/** Types, errors and readers of values, of which two copies do no harm. */
const libraries = ['catalog-model', 'config', 'errors', 'plugin-permission-common'].map((name) => `@backstage/${name}`)
const root = join(import.meta.dirname, '../..')

for (const file of globSync('plugins/*/package.json', { cwd: root })) {
  t.test(`${file} uses the app's copies of Backstage's APIs`, async (t) => {
    const manifest: Manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
    const own = Object.keys(dependencies).filter((name) => name.startsWith('@backstage/'))
    t.same(
      own.filter((name) => !libraries.includes(name)),
      [],
      'no API is a dependency',
    )
    const asked = Object.keys(peerDependencies).filter((name) => name.startsWith('@backstage/'))
    // Every app's manifest names this one. The others are in every app, even if its manifest does not name them.
    const unnamed = asked.filter((name) => name !== '@backstage/core-components')
    t.same(
      unnamed.filter((name) => peerDependenciesMeta[name]?.optional !== true),
      [],
      'an app need not name them',
    )
  })
}

t.test('the versions of a package in a lockfile are those of its entries, for any ranges', async (t) => {
  const lockfile = `__metadata:
  version: 8

"@backstage/frontend-plugin-api@npm:^0.18.1, @backstage/frontend-plugin-api@npm:~0.18.1":
  version: 0.18.1
  dependencies:
    "@backstage/errors": "npm:^1.3.1"

"@backstage/frontend-plugin-api@npm:^1.0.0":
  version: 1.0.0

"@backstage/frontend-plugin-api-extra@npm:^2.0.0":
  version: 2.0.0
`
  t.same(versionsIn(lockfile, '@backstage/frontend-plugin-api'), ['0.18.1', '1.0.0'])
  t.same(versionsIn(lockfile, '@backstage/errors'), [])
})
