import { createBatch } from '../telemetry/batch.ts'
import { createIsoTime } from '../telemetry/logger.ts'
import type { Chain } from './chain.ts'
import type { AuditEvent, ChainHead } from './event.ts'
import { createEncoder, reasonOf, type Sink } from './sinks/sink.ts'

export type Trail = ReturnType<typeof createTrail>

/** @returns a signed checkpoint (JWS, compact) */
export type Sign = (head: ChainHead, at: string) => string

type TrailOptions = TrailSettings & {
  chain: Chain
  /** Milliseconds since the epoch. */
  now: () => number
  /** Called with an event that could not be recorded. */
  onFailure: (error: unknown, event: AuditEvent) => void
}

/** Settings that can change without starting a new chain. */
export type TrailSettings = {
  sinks: readonly Sink[]
  /** Records the signer's public key if it is new, then returns the signer. Undefined while there is no key. */
  signer: () => Sign | undefined
  /** Called with each checkpoint, so that a copy can be kept elsewhere. */
  onCheckpoint?: (checkpoint: string) => void
  /** Called with each event that was recorded. */
  onRecorded?: (event: AuditEvent, at: number) => void
  /** Interval of checkpoints. One is skipped if nothing was recorded since the last. */
  checkpointEveryMs: number
}

type Held = { event: AuditEvent; at: number }

/** A checkpoint is also made after this number of records. */
const recordsPerCheckpoint = 1_000

/** The audit trail of this process: one chain of records, and the sinks that keep it. */
export function createTrail(options: TrailOptions) {
  const { now } = options
  let settings: TrailSettings = options
  const { batch, checkpoint } = createRecorder(options, () => settings)
  let timer = startTimer()

  function startTimer(): NodeJS.Timeout {
    return setInterval(checkpoint, settings.checkpointEveryMs).unref()
  }

  return {
    /** Records an event at the end of this turn of the event loop. Decisions are frequent, and are recorded within 10 ms. */
    write(event: AuditEvent): void {
      if (event.event === 'decision') batch.addPatiently({ event, at: now() })
      else batch.add({ event, at: now() })
    },
    /** Passes all waiting records to the sinks at once. */
    flush: () => batch.flush(),
    /**
     * Resolves when every sink with `onFailure: block` has kept all records so far.
     * @throws Error that names the sink that has not
     */
    ensure(): Promise<void> {
      batch.flush()
      return untilKept(settings.sinks.filter((sink) => sink.onFailure === 'block'))
    },
    get sinks(): readonly Sink[] {
      return settings.sinks
    },
    /** Switches to new sinks and keys. The chain continues; sinks that are not in the new settings get no more records. */
    use(next: TrailSettings): void {
      batch.flush()
      const hasOtherInterval = next.checkpointEveryMs !== settings.checkpointEveryMs
      settings = next
      if (!hasOtherInterval) return
      clearInterval(timer)
      timer = startTimer()
    },
    /** The number of records so far. */
    count: (): number => options.chain.head().seq,
    /** Writes the last checkpoint, and closes the sinks. */
    async close(): Promise<void> {
      clearInterval(timer)
      batch.add({ event: { event: 'stop' }, at: now() })
      batch.close()
      checkpoint()
      await Promise.all(settings.sinks.map((sink) => sink.close()))
    },
  }
}

/** Turns events into records, and passes them to the sinks. */
function createRecorder({ chain, now, onFailure }: TrailOptions, settings: () => TrailSettings) {
  const isoTime = createIsoTime()
  const encode = createEncoder()
  const batch = createBatch<Held>(writeOut)
  let lastCheckpoint = 0

  function writeOut(held: readonly Held[]): void {
    const lines: string[] = []
    for (const { event, at } of held) {
      // An event that cannot be recorded is reported; the other events are still recorded.
      try {
        lines.push(chain.append(event, isoTime(at)))
        settings().onRecorded?.(event, at)
      } catch (error) {
        onFailure(error, event)
      }
    }
    if (lines.length > 0) hand(lines)
    if (chain.head().seq - lastCheckpoint >= recordsPerCheckpoint) checkpoint()
  }

  function hand(lines: readonly string[]): void {
    const bytes = encode(lines)
    for (const sink of settings().sinks) sink.take(lines, bytes)
  }

  function checkpoint(): void {
    const { signer, onCheckpoint } = settings()
    const sign = signer()
    batch.flush()
    const head = chain.head()
    if (sign === undefined || head.seq === lastCheckpoint) return
    const at = isoTime(now())
    const signed = sign(head, at)
    hand([chain.append({ event: 'checkpoint', checkpoint: signed }, at)])
    lastCheckpoint = chain.head().seq
    onCheckpoint?.(signed)
  }

  return { batch, checkpoint }
}

async function untilKept(sinks: readonly Sink[]): Promise<void> {
  for (const sink of sinks) {
    await sink.settled().catch((cause: unknown) => {
      throw new Error(`${sink.name}: ${reasonOf(cause)}`, { cause })
    })
  }
}
