import { createIsoTime } from '../telemetry/iso-time.ts'
import { createTurnBatch } from '../telemetry/turn-batch.ts'
import type { Chain } from './chain.ts'
import type { AuditEvent, ChainHead } from './event.ts'
import { reasonOf, type Sink } from './sinks/sink.ts'

/** The audit trail of this process: one chain of records, and the sinks that keep it. */
export type Trail = {
  /** Records an event at the end of this turn of the event loop. */
  write(event: AuditEvent): void
  /** Hands what was written to the sinks at once. */
  flush(): void
  /**
   * Resolves when every sink with `onFailure: block` keeps what was written so far.
   * @throws SinkFailure
   */
  ensure(): Promise<void>
  sinks: readonly Sink[]
  /** Records so far. */
  count(): number
  /** Writes the last checkpoint, and closes the sinks. */
  close(): Promise<void>
}

export type TrailOptions = {
  chain: Chain
  sinks: readonly Sink[]
  /** Milliseconds since the epoch. */
  now: () => number
  /** Signs a checkpoint. */
  sign: (head: ChainHead, at: string) => string
  /** Called with an event of which no record could be made. */
  onFailure: (error: unknown, event: AuditEvent) => void
  /** Called with each checkpoint, to be kept elsewhere as well. */
  onCheckpoint?: (checkpoint: string) => void
  /** A checkpoint is due after so long, where anything was recorded since. */
  checkpointEveryMs: number
}

/** A sink that blocks does not keep records. */
export class SinkFailure extends Error {}

type Held = { event: AuditEvent; at: number }

/** A checkpoint is due after so many records, however soon they came. */
const recordsPerCheckpoint = 1_000

export function createTrail(options: TrailOptions): Trail {
  const { chain, sinks, now, sign, onFailure, onCheckpoint, checkpointEveryMs } = options
  const isoTime = createIsoTime()
  const blocking = sinks.filter((sink) => sink.onFailure === 'block')
  const batch = createTurnBatch<Held>(writeOut)
  let lastCheckpoint = 0
  const timer = setInterval(checkpoint, checkpointEveryMs).unref()

  function writeOut(held: readonly Held[]): void {
    hand(held.flatMap(appended))
    if (chain.head().seq - lastCheckpoint >= recordsPerCheckpoint) checkpoint()
  }

  /** What cannot be recorded is reported, and the others are recorded. */
  function appended({ event, at }: Held): string[] {
    try {
      return [chain.append(event, isoTime(at))]
    } catch (error) {
      onFailure(error, event)
      return []
    }
  }

  function hand(lines: readonly string[]): void {
    for (const sink of sinks) sink.take(lines)
  }

  function checkpoint(): void {
    batch.flush()
    const head = chain.head()
    if (head.seq === lastCheckpoint) return
    const at = isoTime(now())
    const signed = sign(head, at)
    hand([chain.append({ event: 'checkpoint', checkpoint: signed }, at)])
    lastCheckpoint = chain.head().seq
    onCheckpoint?.(signed)
  }

  return {
    write: (event) => batch.add({ event, at: now() }),
    flush: () => batch.flush(),
    async ensure() {
      batch.flush()
      for (const sink of blocking) {
        await sink.settled().catch((cause: unknown) => {
          throw new SinkFailure(`${sink.name}: ${reasonOf(cause)}`, { cause })
        })
      }
    },
    sinks,
    count: () => chain.head().seq,
    async close() {
      clearInterval(timer)
      batch.add({ event: { event: 'stop' }, at: now() })
      batch.close()
      checkpoint()
      await Promise.all(sinks.map((sink) => sink.close()))
    },
  }
}
