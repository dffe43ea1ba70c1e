import t from 'tap'

import { chunkNames, joinChunks, maxCookieBytes, splitIntoChunks } from '../../src/session/session-cookie.ts'

const name = '__Host-stagedoor'
const asCookies = (chunks: readonly { name: string; value: string }[] | undefined) =>
  Object.fromEntries((chunks ?? []).filter(({ value }) => value !== '').map((chunk) => [chunk.name, chunk.value]))

t.test('a value of any permitted size survives the round trip', async (t) => {
  for (const length of [1, 3_900, 4_000, 8_000, 11_000]) {
    const value = 'v'.repeat(length)
    t.equal(joinChunks(name, asCookies(splitIntoChunks(name, value, []))), value, `${length} characters`)
  }
})

t.test('no cookie is larger than browsers keep', async (t) => {
  const attributes = '; Max-Age=7776000; Path=/; HttpOnly; Secure; SameSite=Lax'
  for (const chunk of splitIntoChunks(name, 'v'.repeat(11_000), []) ?? []) {
    t.ok(`${chunk.name}=${chunk.value}${attributes}`.length < maxCookieBytes, chunk.name)
  }
})

t.test('a value that needs more than three cookies does not fit', async (t) => {
  t.equal(splitIntoChunks(name, 'v'.repeat(12_500), []), undefined)
})

t.test('names that are no longer needed are cleared', async (t) => {
  t.same(splitIntoChunks(name, 'short', [`${name}.0`, `${name}.1`]), [
    { name, value: 'short' },
    { name: `${name}.0`, value: '' },
    { name: `${name}.1`, value: '' },
  ])
  const chunks = splitIntoChunks(name, 'v'.repeat(5_000), [name, `${name}.0`])
  t.same(
    chunks?.map((chunk) => [chunk.name, chunk.value !== '']),
    [
      [`${name}.0`, true],
      [`${name}.1`, true],
      [name, false],
    ],
  )
})

t.test('a single part or a gap gives no session, and parts beside a whole value are ignored', async (t) => {
  t.equal(joinChunks(name, {}), undefined)
  t.equal(joinChunks(name, { [name]: '' }), undefined)
  t.equal(joinChunks(name, { [`${name}.0`]: 'a' }), undefined)
  t.equal(joinChunks(name, { [`${name}.1`]: 'b', [`${name}.2`]: 'c' }), undefined)
  const four = { [`${name}.0`]: 'a', [`${name}.1`]: 'b', [`${name}.2`]: 'c', [`${name}.3`]: 'd' }
  t.equal(joinChunks(name, four), 'abc', 'a fourth part is none')
  t.equal(joinChunks(name, { [name]: 'whole', [`${name}.0`]: 'a', [`${name}.1`]: 'b' }), 'whole')
})

t.test('a session uses four cookie names and no others', async (t) => {
  t.same(chunkNames(name), [name, `${name}.0`, `${name}.1`, `${name}.2`])
})
