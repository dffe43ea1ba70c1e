export type OnFailure = 'block' | 'continue'

/** A place where records go. */
export type Sink = {
  /** Names it in readiness, metrics and the log. */
  name: string
  /** Whether admin actions are refused while it does not take records. */
  onFailure: OnFailure
  /**
   * Takes records in their order, each a line without its end. Never throws.
   * @param bytes the same lines, each with its end; valid during the call only, because their memory is used again
   */
  take(lines: readonly string[], bytes?: Buffer): void
  /** Resolves when all that was taken is kept. @throws when it is not, and will not be at once */
  settled(): Promise<void>
  status(): SinkStatus
  /** Writes as many of the taken records as it can. */
  close(): Promise<void>
}

/** `reason`: why it does not take records now; `waiting`: records that are not kept yet; `lost`: given up for want of room. */
export type SinkStatus = { reason?: string | undefined; waiting: number; lost: number }

/** Lines, each with its end, in UTF-8. */
export function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(textOf(lines))
}

/**
 * The same in one piece of memory that is used again and again: to ask for fresh memory for each batch costs more than to fill it.
 * What it returned last is overwritten.
 */
export function createEncoder(): (lines: readonly string[]) => Buffer {
  const memory = Buffer.allocUnsafeSlow(encoderBytes)
  return (lines) => {
    const text = textOf(lines)
    // A UTF-16 unit has three bytes at most.
    if (text.length * 3 > encoderBytes) return Buffer.from(text)
    return memory.subarray(0, memory.write(text))
  }
}

/** Enough for the decisions of 10 ms. */
const encoderBytes = 1_048_576

function textOf(lines: readonly string[]): string {
  return [...lines, ''].join('\n')
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}
