import { unreadable } from './upstream-error.ts'

/** The part of the chunked coding that comes next (RFC 9112 §7.1). */
type State = 'size' | 'extension' | 'size-end' | 'data' | 'data-end' | 'data-end-lf' | 'trailer' | 'trailer-end'

/** 13 digits are 52 bits, which a number holds exactly. */
const maxSizeDigits = 13
/** Limit for the skipped extensions of one chunk, and for the skipped trailers. */
const maxSkippedBytes = 16_384

const cannotBeRead = 'the chunks of the answer cannot be read'

const cr = 0x0d
const lf = 0x0a
const semicolon = 0x3b

/** A body in chunks. Extensions and trailers are dropped. Lines must end in CRLF; CR or LF alone is rejected. */
export class ChunkedBody {
  readonly endsWithConnection = false
  #state: State = 'size'
  #digits = 0
  #bytesLeft = 0
  #skippedBytes = 0
  #isLineEmpty = true

  read(bytes: Buffer, onData: (part: Buffer) => void): number {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#bytesLeft)
        this.#bytesLeft -= end - at
        onData(bytes.subarray(at, end))
        at = end
        if (this.#bytesLeft === 0) this.#state = 'data-end'
        continue
      }
      const isOver = this.#step(bytes[at] as number)
      at += 1
      if (isOver) return at
    }
    return -1
  }

  /** Reads one byte that is not content. @returns whether it was the last byte of the body */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte)
        return false
      case 'extension':
        if (byte === cr) this.#state = 'size-end'
        else this.#skip(byte)
        return false
      case 'size-end':
        expect(byte, lf)
        this.#beginChunk()
        return false
      case 'data-end':
        expect(byte, cr)
        this.#state = 'data-end-lf'
        return false
      case 'data-end-lf':
        expect(byte, lf)
        this.#state = 'size'
        return false
      case 'trailer':
        if (byte === cr) this.#state = 'trailer-end'
        else this.#skipTrailer(byte)
        return false
      default:
        expect(byte, lf)
        return this.#endTrailerLine()
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      this.#digits += 1
      if (this.#digits > maxSizeDigits) throw unreadable(cannotBeRead)
      this.#bytesLeft = this.#bytesLeft * 16 + digit
      return
    }
    if (this.#digits === 0) throw unreadable(cannotBeRead)
    if (byte === cr) this.#state = 'size-end'
    else if (byte === semicolon) this.#state = 'extension'
    else throw unreadable(cannotBeRead)
  }

  #beginChunk(): void {
    this.#skippedBytes = 0
    this.#digits = 0
    this.#state = this.#bytesLeft === 0 ? 'trailer' : 'data'
  }

  #skipTrailer(byte: number): void {
    this.#isLineEmpty = false
    this.#skip(byte)
  }

  #endTrailerLine(): boolean {
    if (this.#isLineEmpty) return true
    this.#isLineEmpty = true
    this.#state = 'trailer'
    return false
  }

  #skip(byte: number): void {
    this.#skippedBytes += 1
    if (byte === lf || this.#skippedBytes > maxSkippedBytes) throw unreadable(cannotBeRead)
  }
}

function expect(byte: number, expected: number): void {
  if (byte !== expected) throw unreadable(cannotBeRead)
}

/** The value of a hexadecimal digit; -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
