import t from 'tap'

import { createRandomPool } from '../../src/seal/random.ts'
import { createSealer } from '../../src/seal/sealer.ts'

const old = 'an old secret of at least thirty-two characters'
const fresh = 'a new secret of at least thirty-two characters!'

t.test('a sealed value opens again and does not reveal its content', async (t) => {
  const sealer = createSealer([fresh], 'session')
  const sealed = await sealer.seal({ subject: 'auth0|jane' })
  t.notMatch(sealed, /jane/)
  const { kid: _, ...header } = JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString())
  t.same(header, { alg: 'dir', enc: 'A256GCM' }, 'and is not compressed (RFC 8725 §3.6)')
  const [short, long] = await Promise.all(['x', 'x'.repeat(3_000)].map((text) => sealer.seal(text)))
  t.ok(Number(long?.length) - Number(short?.length) > 3_000, 'a long text is as long when it is sealed')
  t.same(await sealer.open(sealed), { payload: { subject: 'auth0|jane' }, isOldKey: false })
})

t.test('an old key opens a value and asks for a reseal', async (t) => {
  const sealed = await createSealer([old], 'session').seal(1)
  t.same(await createSealer([fresh, old], 'session').open(sealed), { payload: 1, isOldKey: true })
})

t.test('a removed key opens nothing', async (t) => {
  const sealed = await createSealer([old], 'session').seal(1)
  t.equal(await createSealer([fresh], 'session').open(sealed), undefined)
})

t.test('a value sealed for one purpose does not open for another', async (t) => {
  const sealed = await createSealer([fresh], 'transaction').seal(1)
  t.equal(await createSealer([fresh], 'session').open(sealed), undefined)
})

t.test('equal values are sealed differently (CVE-2021-32791)', async (t) => {
  const sealer = createSealer([fresh], 'session')
  const sealed = await Promise.all(Array.from({ length: 100 }, () => sealer.seal(1)))
  t.equal(new Set(sealed.map((value) => value.split('.')[2])).size, 100, 'each has an initialization vector of its own')
})

t.test('opening never throws, for any input', async (t) => {
  const sealer = createSealer([fresh], 'session')
  const sealed = await sealer.seal({ a: 1 })
  const [header = '', ...rest] = sealed.split('.')
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), enc: 'A128GCM' }),
  )
  const bad = [
    '',
    '.',
    'x',
    '....',
    sealed.slice(0, -3),
    `${sealed.slice(0, -6)}AAAAAA`,
    `${forged.toString('base64url')}.${rest.join('.')}`,
    `${Buffer.from('1').toString('base64url')}....`,
    'bm90IGpzb24....',
  ]
  for (const value of bad) t.equal(await sealer.open(value), undefined, value)
})

t.test('a sealer without a secret is refused', async (t) => {
  t.throws(() => createSealer([], 'session'), RangeError)
})

t.test('random bytes are drawn in bulk and never returned twice', async (t) => {
  let draws = 0
  let next = 0
  const pool = createRandomPool((size) => {
    draws++
    return Buffer.from(Array.from({ length: size }, () => next++ % 251))
  })
  const first = pool(16).toString('hex')
  const second = pool(16).toString('hex')
  t.not(first, second)
  t.equal(draws, 1)
  for (let i = 0; i < 300; i++) pool(16)
  t.equal(draws, 2)
  t.equal(pool(4_000).length, 4_000)
  t.equal(draws, 3)
})
