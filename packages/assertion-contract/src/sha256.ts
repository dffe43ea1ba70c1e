/*
 * SHA-256 (FIPS 180-4) in plain code: the naming function must be synchronous and must run in a browser too, and there
 * is no such API that both have: Web Crypto's digest is asynchronous, node:crypto is Node's alone. A shorter, weaker
 * hash would let an attacker choose an id that gets another one's name. Not for secrets: it is not constant-time.
 */

const roundConstants = Uint32Array.from(firstPrimes(64), (prime) => fractionBits(Math.cbrt(prime)))
const initialState = Uint32Array.from(firstPrimes(8), (prime) => fractionBits(Math.sqrt(prime)))

/** SHA-256 of the UTF-8 form of `text`, as 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  const message = padded(new TextEncoder().encode(text))
  const state = initialState.slice()
  for (let offset = 0; offset < message.byteLength; offset += 64) {
    compress(state, new DataView(message.buffer, offset, 64))
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

/** The message, a one bit, zeros, and the length in bits, to a multiple of 64 bytes (§5.1.1). */
function padded(bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  message.set(bytes)
  message[bytes.length] = 0x80
  new DataView(message.buffer).setBigUint64(message.length - 8, BigInt(bytes.length) * 8n)
  return message
}

/** One round of the compression function (§6.2.2). */
function compress(state: Uint32Array, block: DataView): void {
  const schedule = messageSchedule(block)
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let round = 0; round < 64; round += 1) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const first =
      h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + at(roundConstants, round) + at(schedule, round)
    const second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority
    ;[a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g]
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = at(state, index) + word
}

function messageSchedule(block: DataView): Uint32Array {
  const words = new Uint32Array(64)
  for (let index = 0; index < 16; index += 1) words[index] = block.getUint32(index * 4)
  for (let index = 16; index < 64; index += 1) {
    const near = at(words, index - 2)
    const far = at(words, index - 15)
    const small0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >>> 3)
    const small1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10)
    words[index] = at(words, index - 16) + small0 + at(words, index - 7) + small1
  }
  return words
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** Every index here is in range by construction; the type system cannot see that. */
function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}

/** The first 32 bits of the fractional part (§4.2.2, §5.3.3). */
function fractionBits(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32)
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes
}
