// This folder: encrypts and opens what browsers and Redis keep for us.

import { randomBytes } from 'node:crypto'

/** Source of randomness, passed in so that tests can make it deterministic. */
export type RandomBytes = (size: number) => Buffer

const poolBytes = 4_096

/** Draws from the system in bulk, because many small draws cost more than one large one. Never returns the same bytes twice. */
export function createRandomPool(draw: RandomBytes = randomBytes): RandomBytes {
  let pool: Buffer = Buffer.alloc(0)
  let offset = 0
  return (size) => {
    if (size > poolBytes / 4) return draw(size)
    if (offset + size > pool.length) {
      pool = draw(poolBytes)
      offset = 0
    }
    offset += size
    return pool.subarray(offset - size, offset)
  }
}
