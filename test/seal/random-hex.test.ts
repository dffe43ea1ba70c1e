import { randomBytes } from 'node:crypto'

import t from 'tap'

import { createRandomHex } from '../../src/seal/random.ts'

/** Bytes that count up, so that digits handed out twice would show. */
function countingBytes() {
  const asked: number[] = []
  let next = 0
  const bytes = (count: number): Buffer => {
    asked.push(count)
    return Buffer.from(Array.from({ length: count }, () => next++ % 251))
  }
  return { asked, bytes }
}

t.test('digits are handed out once each, in order, from bytes that are fetched in bulk', async (t) => {
  const { asked, bytes } = countingBytes()
  const hex = createRandomHex(bytes)
  t.same([hex(2), hex(1), hex(3)], ['0001', '02', '030405'])
  t.same(asked, [1_536])
})

t.test('what is left and too short is thrown away', async (t) => {
  const { asked, bytes } = countingBytes()
  const hex = createRandomHex(bytes)
  hex(1_535)
  t.equal(hex(2), '1e1f', 'the first two of the second draw')
  t.same(asked, [1_536, 1_536])
})

t.test('more bytes than are fetched in bulk are there all the same', async (t) => {
  t.match(createRandomHex(randomBytes)(2_000), /^[0-9a-f]{4000}$/)
})
