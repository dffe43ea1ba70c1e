export type OnFailure = 'block' | 'continue'

/** A destination of audit records. */
export type Sink = {
  /** The name of the sink in readiness, metrics and the log. */
  name: string
  /** Whether admin actions are refused while the sink cannot keep records. */
  onFailure: OnFailure
  /**
   * Takes records in order, each as a line without a line feed. Never throws.
   * @param bytes the same lines, each with a line feed; valid only during the call, because the memory is reused
   */
  take(lines: readonly string[], bytes?: Buffer): void
  /** Resolves when all taken records are kept. @throws when some cannot be kept now */
  settled(): Promise<void>
  status(): SinkStatus
  /** Writes as many of the taken records as it can. */
  close(): Promise<void>
}

/** `reason`: why records cannot be kept now; `waiting`: the number of records not kept yet; `lost`: the number of lost records. */
export type SinkStatus = { reason?: string | undefined; waiting: number; lost: number }

/** The lines in UTF-8, each with a line feed. */
export function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(textOf(lines))
}

/**
 * Like `bytesOf`, but reuses one buffer, because allocating memory for each batch takes longer than filling it.
 * Each call overwrites the result of the call before.
 */
export function createEncoder(): (lines: readonly string[]) => Buffer {
  const memory = Buffer.allocUnsafeSlow(encoderBytes)
  return (lines) => {
    const text = textOf(lines)
    // A UTF-16 code unit takes at most three bytes in UTF-8.
    if (text.length * 3 > encoderBytes) return Buffer.from(text)
    return memory.subarray(0, memory.write(text))
  }
}

/** Enough for the decision records of 10 ms. */
const encoderBytes = 1_048_576

function textOf(lines: readonly string[]): string {
  return [...lines, ''].join('\n')
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}
