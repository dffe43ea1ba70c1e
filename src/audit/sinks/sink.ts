export type OnFailure = 'block' | 'continue'

/** A place where records go. */
export type Sink = {
  /** Names it in readiness, metrics and the log. */
  name: string
  /** Whether admin actions are refused while it does not take records. */
  onFailure: OnFailure
  /** Takes records in their order, each a line without its end. Never throws. */
  take(lines: readonly string[]): void
  /** Resolves when all that was taken is kept. @throws when it is not, and will not be at once */
  settled(): Promise<void>
  status(): SinkStatus
  /** Writes as many of the taken records as it can. */
  close(): Promise<void>
}

/** `reason`: why it does not take records now; `waiting`: records that are not kept yet; `lost`: given up for want of room. */
export type SinkStatus = { reason?: string | undefined; waiting: number; lost: number }

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}
