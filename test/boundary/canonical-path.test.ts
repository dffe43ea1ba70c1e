import t from 'tap'

import { refusalOfPath } from '../../src/boundary/canonical-path.ts'

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
  ['/%61dmin', 'needless-percent-encoding'],
  ['/%41', 'needless-percent-encoding'],
  ['/%7A', 'needless-percent-encoding'],
  ['/%30', 'needless-percent-encoding'],
  ['/a/%2e%2e/b', 'needless-percent-encoding'],
  ['/%2D', 'needless-percent-encoding'],
  ['/%5f', 'needless-percent-encoding'],
  ['/%7e', 'needless-percent-encoding'],
  ['/a%00', 'encoded-control-character'],
  ['/a%0d%0ab', 'encoded-control-character'],
  ['/a%7F', 'encoded-control-character'],
  ['/a%2Fb', 'encoded-slash'],
  ['/a%5cb', 'encoded-slash'],
  ['/a%252Fb', 'double-encoding'],
  ['/a%2561', 'double-encoding'],
]

t.test('a path with more than one reading is refused, with the reason', async (t) => {
  for (const [path, refusal] of rows) t.equal(refusalOfPath(path), refusal, JSON.stringify(path))
})

t.test('encoded slashes pass where the operator says so, and nothing else with them', async (t) => {
  t.equal(refusalOfPath('/api/proxy/gitlab/projects/a%2Fb', 'pass'), undefined)
  t.equal(refusalOfPath('/a%252Fb', 'pass'), 'double-encoding')
})

t.test('every escape of an unreserved character is needless, and of no other one', async (t) => {
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code)
    const escaped = `/%${code.toString(16).padStart(2, '0')}`
    const isUnreserved = /[A-Za-z0-9\-._~]/.test(character)
    t.equal(refusalOfPath(escaped) === 'needless-percent-encoding', isUnreserved, `${escaped} is ${character}`)
  }
})
