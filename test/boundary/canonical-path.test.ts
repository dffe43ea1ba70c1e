import t from 'tap'

import { readPath } from '../../src/boundary/request-target.ts'

const rows: [path: string, refusal: string | undefined][] = [
  ['/', undefined],
  ['/catalog/default/component/my-app', undefined],
  ['/docs/Caf%C3%A9/', undefined],
  ["/a-b._~!$&'()*+,=:@", undefined],
  ['/a%20b', undefined],
  ['/100%25', undefined],
  ['/.well-known/x', undefined],
  ['/...', undefined],
  ['/a/.hidden', undefined],
  ['', 'not-origin-form'],
  ['*', 'not-origin-form'],
  ['http://other.example/x', 'not-origin-form'],
  ['/a b', 'forbidden-character'],
  ['/a\\b', 'forbidden-character'],
  ['/a#b', 'forbidden-character'],
  ['/caf\u00e9', 'forbidden-character'],
  ['/a\tb', 'forbidden-character'],
  ['//evil.example', 'empty-segment'],
  ['/a//b', 'empty-segment'],
  ['/a/../b', 'dot-segment'],
  ['/a/./b', 'dot-segment'],
  ['/a/..', 'dot-segment'],
  ['/.', 'dot-segment'],
  ['/a;b=c', 'path-parameter'],
  ['/a%', 'bad-percent-encoding'],
  ['/a%2', 'bad-percent-encoding'],
  ['/a%zz', 'bad-percent-encoding'],
  ['/a%C3', 'bad-percent-encoding'],
  ['/%FF', 'bad-percent-encoding'],
  ['/%61dmin', undefined],
  ['/%41', undefined],
  ['/%7A', undefined],
  ['/%30', undefined],
  ['/a/%2e%2e/b', 'dot-segment'],
  ['/%2D', undefined],
  ['/%5f', undefined],
  ['/%7e', undefined],
  ['/a%00', 'encoded-control-character'],
  ['/a%0d%0ab', 'encoded-control-character'],
  ['/a%7F', 'encoded-control-character'],
  ['/a%2Fb', 'encoded-slash'],
  ['/a%5cb', 'encoded-slash'],
  ['/a%252Fb', 'double-encoding'],
  ['/a%2F..%2Fb', 'dot-segment'],
  ['/a/..;x/b', 'dot-segment'],
  ['/a/%2e%2e;x/b', 'dot-segment'],
  ['/a/%252e%252e/b', 'dot-segment'],
  ['/a/%25252e%25252e/b', 'dot-segment'],
  ['/a%5c..%5cb', 'dot-segment'],
  ['/a/.%2f/b', 'dot-segment'],
  ['/a//../b', 'dot-segment'],
  ['/a%2561', 'double-encoding'],
]

const refusalOf = (path: string): string | undefined => {
  const read = readPath(path)
  return typeof read === 'string' ? read : read.oddity?.reason
}

t.test('a path with more than one reading is refused with the reason', async (t) => {
  for (const [path, refusal] of rows) t.equal(refusalOf(path), refusal, JSON.stringify(path))
})

t.test('unreserved characters are decoded, and no others: both forms are one path', async (t) => {
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code)
    const escaped = `/a%${code.toString(16).padStart(2, '0')}`
    const isUnreserved = /[A-Za-z0-9\-._~]/.test(character)
    t.match(readPath(escaped), { path: isUnreserved ? `/a${character}` : escaped }, `${escaped} is ${character}`)
  }
  t.same(readPath('/docs/%7Euser/a%2Db'), { path: '/docs/~user/a-b' })
})

const plainest: [path: string, reading: string][] = [
  ['/a//b', '/a/b'],
  ['/a;v=1/b;w', '/a/b'],
  ['/a%2Fb', '/a/b'],
  ['/a%5Cb', '/a/b'],
  ['/a%252Fb', '/a/b'],
  ['/a%25252Fb', '/a/b'],
  ['/a%3Bx%2Fb', '/a/b'],
  ['/50%25ab', '/50%ab'],
]

t.test('the simplest reading decodes, drops parameters and joins slashes', async (t) => {
  for (const [path, reading] of plainest) t.match(readPath(path), { path, oddity: { plainest: reading } }, path)
})
