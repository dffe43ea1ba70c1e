import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { changelogAt, manifestAt, textAt } from '../../scripts/packages/set-version.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'

t.test('a release sets the version of a package and its siblings only', async (t) => {
  const manifest = `{
  "name": "@stagedoor/a",
  "version": "0.1.0",
  "dependencies": {
    "@backstage/errors": "^1.3.1",
    "@stagedoor/assertion-contract": "^0.1.0"
  }
}
`
  t.same(JSON.parse(manifestAt(manifest, '0.2.0')), {
    name: '@stagedoor/a',
    version: '0.2.0',
    dependencies: { '@backstage/errors': '^1.3.1', '@stagedoor/assertion-contract': '^0.2.0' },
  })
})

t.test('the unreleased changes become the release, and a new unreleased section is added', async (t) => {
  const changelog = '# a\n\n## Unreleased\n\n- New.\n\n## 0.1.0\n\n- Old.\n'
  t.equal(changelogAt(changelog, '0.2.0'), '# a\n\n## Unreleased\n\n## 0.2.0\n\n- New.\n\n## 0.1.0\n\n- Old.\n')
})

t.test('images and tarballs get the version, and similar versions stay', async (t) => {
  const text = 'stagedoor:0.1.0 ./stagedoor-0.1.0.tgz ${STAGEDOOR_VERSION:-0.1.0}, React 0.1.01, 0.1.0.1 and 10.1.0'
  t.equal(
    textAt(text, '0.1.0', '0.2.0'),
    'stagedoor:0.2.0 ./stagedoor-0.2.0.tgz ${STAGEDOOR_VERSION:-0.2.0}, React 0.1.01, 0.1.0.1 and 10.1.0',
  )
})

t.test("the chart and the compose file use the image with the gateway's version", async (t) => {
  const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')
  const { version } = JSON.parse(textOf('package.json'))
  t.match(parse(textOf('deploy/helm/stagedoor/Chart.yaml')), { version, appVersion: version })
  t.match(textOf('deploy/compose/production.yml'), `image: stagedoor:\${STAGEDOOR_VERSION:-${version}}`)
})
