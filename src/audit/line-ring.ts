const lineEnd = 0x0a

/**
 * The last lines of many, in one piece of memory outside of the heap: as strings, the garbage collector would copy each one twice.
 * @param maxBytes lines beyond it take the place of the oldest
 */
export function createLineRing(maxBytes: number) {
  const ring = Buffer.alloc(maxBytes)
  let at = 0
  let isFull = false

  return {
    /** @param bytes whole lines in UTF-8, each with its end */
    push(bytes: Uint8Array): void {
      const kept = bytes.length > maxBytes ? bytes.subarray(-maxBytes) : bytes
      const first = kept.subarray(0, maxBytes - at)
      ring.set(first, at)
      ring.set(kept.subarray(first.length))
      isFull ||= at + kept.length >= maxBytes
      at = (at + kept.length) % maxBytes
    },
    /** The oldest first. */
    lines(): string[] {
      if (!isFull) return split(ring.subarray(0, at))
      const all = Buffer.concat([ring.subarray(at), ring.subarray(0, at)])
      // The oldest line may have lost its beginning.
      return split(all.subarray(all.indexOf(lineEnd) + 1))
    },
  }
}

function split(bytes: Buffer): string[] {
  return bytes.toString().split('\n').slice(0, -1)
}
