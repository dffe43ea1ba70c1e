import t from 'tap'

import { removedPrefix, rewritePath } from '../../src/proxy/rewrite-path.ts'

const rows: [from: string, to: string, path: string, expected: string | undefined][] = [
  ['/docs', '/', '/docs/a', '/a'],
  ['/docs', '/', '/docs', '/'],
  ['/docs', '/', '/docs/', '/'],
  ['/docs/', '/', '/docs/a/', '/a/'],
  ['/docs', '/v2', '/docs/a', '/v2/a'],
  ['/docs', '/v2/', '/docs', '/v2'],
  ['/docs', '/', '/DOCS/A', '/A'],
  ['/docs', '/', '/docsets', undefined],
  ['/docs', '/', '/', undefined],
  ['/docs', '/', '/a/docs/b', undefined],
  ['/', '/api', '/a', '/api/a'],
  ['/', '/api', '/', '/api/'],
  ['/a/b', '/', '/a/b/c%20d', '/c%20d'],
]

for (const [from, to, path, expected] of rows) {
  t.test(`${path} with ${from} replaced by ${to} is ${expected ?? 'not the upstream’s'}`, async (t) => {
    t.equal(rewritePath(path, { from, to }), expected)
  })
}

t.test('the removed prefix is reported without a trailing slash', async (t) => {
  t.equal(removedPrefix({ from: '/docs/', to: '/' }), '/docs')
  t.equal(removedPrefix({ from: '/docs', to: '/' }), '/docs')
})
