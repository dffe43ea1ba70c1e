import type { RandomBytes } from './random.ts'

/** Random bytes as lower-case hex. */
export type RandomHex = (bytes: number) => string

const poolBytes = 1_536

/** Encodes in bulk: many small encodings cost more than one large one. Digits are never handed out twice. */
export function createRandomHex(randomBytes: RandomBytes): RandomHex {
  let pool = ''
  let offset = 0
  return (bytes) => {
    const length = bytes * 2
    if (offset + length > pool.length) {
      pool = randomBytes(Math.max(poolBytes, bytes)).toString('hex')
      offset = 0
    }
    offset += length
    return pool.slice(offset - length, offset)
  }
}
