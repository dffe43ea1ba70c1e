const lineEnd = 0x0a

/**
 * Keeps the most recent lines in one buffer outside of the heap. As strings, the garbage collector would copy each line twice.
 * @param maxBytes size of the buffer; when it is full, new lines overwrite the oldest
 */
export function createLineRing(maxBytes: number) {
  const ring = Buffer.alloc(maxBytes)
  let at = 0
  let isFull = false

  return {
    /** @param bytes whole lines in UTF-8, each with its line feed */
    push(bytes: Uint8Array): void {
      const kept = bytes.length > maxBytes ? bytes.subarray(-maxBytes) : bytes
      const first = kept.subarray(0, maxBytes - at)
      ring.set(first, at)
      ring.set(kept.subarray(first.length))
      isFull ||= at + kept.length >= maxBytes
      at = (at + kept.length) % maxBytes
    },
    /** The lines, oldest first. */
    lines(): string[] {
      if (!isFull) return split(ring.subarray(0, at))
      const all = Buffer.concat([ring.subarray(at), ring.subarray(0, at)])
      // Skips the oldest line, whose beginning may be overwritten.
      return split(all.subarray(all.indexOf(lineEnd) + 1))
    },
  }
}

function split(bytes: Buffer): string[] {
  return bytes.toString().split('\n').slice(0, -1)
}
