import t from 'tap'

import { changelogAt, manifestAt } from '../../scripts/packages/set-version.ts'

t.test('a release sets the version of a package and of the siblings it needs, and of nothing else', async (t) => {
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

t.test('what is unreleased becomes the release, and the next changes have a place', async (t) => {
  const changelog = '# a\n\n## Unreleased\n\n- New.\n\n## 0.1.0\n\n- Old.\n'
  t.equal(changelogAt(changelog, '0.2.0'), '# a\n\n## Unreleased\n\n## 0.2.0\n\n- New.\n\n## 0.1.0\n\n- Old.\n')
})
