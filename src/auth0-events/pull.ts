import { setTimeout as delay } from 'node:timers/promises'

import type { CustomFetch } from 'openid-client'

import { type Position, type PullEnd, pullOnce } from './event-stream.ts'
import { groupTypes, wantedTypes, type TakeEvent } from './event.ts'
import type { ManagementTokens } from './management-token.ts'
import type { Offsets } from './offsets.ts'

type PullStatus = 'idle' | 'reading' | 'failing'

export type EventPull = ReturnType<typeof createEventPull>

export type EventPullOptions = {
  issuer: string
  tokens: ManagementTokens
  offsets: Offsets
  take: TakeEvent
  fetch: CustomFetch
  /** The longest lifetime of a session. Older events affect no current session. */
  longestSessionMs: number
  /** Called for every interruption of reading except the regular end of a stream; `cause` is set if an error was thrown. */
  onFailure: (detail: string, cause?: unknown) => void
  /** Milliseconds since the epoch. */
  now: () => number
  timing?: Partial<PullTiming>
  /** By default, waits for this time or until `signal` is aborted. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

type PullTiming = {
  /** The wait between the end of one stream and the next, and after the first failure. */
  firstRetryMs: number
  lastRetryMs: number
  silenceMs: number
  /** The minimum interval for writing offsets that come with heartbeats. */
  offsetEveryMs: number
}

const defaultTiming: PullTiming = {
  firstRetryMs: 1_000,
  lastRetryMs: 60_000,
  silenceMs: 90_000,
  offsetEveryMs: 10_000,
}

const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined)

/** Reads Auth0's events until it is stopped, and reconnects after every interruption. */
export function createEventPull(options: EventPullOptions) {
  const { issuer, tokens, offsets, take, fetch, onFailure, wait = waitFor } = options
  const timing = { ...defaultTiming, ...options.timing }
  let status: PullStatus = 'idle'
  let hasGroups = true

  /** Resolves when `signal` is aborted. */
  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0
    let spent: Position['kind'] | undefined
    while (!signal.aborted) {
      const { end, position, hasRead } = await attempt(signal, spent)
      if (signal.aborted) break
      const isRefusedAll = end.kind === 'refused' && !hasGroups
      spent = end.kind === 'gone' || isRefusedAll ? position.kind : undefined
      // A 400 does not name its cause. First the event types of the early-access feature are left out; if that fails, the position is wrong.
      hasGroups = end.kind === 'refused' ? !hasGroups : hasGroups
      failures = hasRead || end.kind === 'ended' ? 0 : failures + 1
      status = end.kind === 'ended' ? 'reading' : 'failing'
      if (end.kind === 'unauthorized') tokens.drop()
      if (end.kind !== 'ended') onFailure(end.detail)
      await wait(waitMs(end, position, failures, timing), signal)
    }
    status = 'idle'
  }

  async function attempt(signal: AbortSignal, spent: Position['kind'] | undefined) {
    let position: Position = { kind: 'now' }
    let hasRead = false
    let writtenAt = 0
    try {
      position = await positionAfter(spent, options)
      const end = await pullOnce({
        issuer,
        token: await tokens.get(),
        position,
        types: hasGroups ? [...wantedTypes, ...groupTypes] : wantedTypes,
        fetch,
        take,
        silenceMs: timing.silenceMs,
        signal,
        async onOffset(offset, isEvent) {
          hasRead = true
          status = 'reading'
          if (!isEvent && performance.now() - writtenAt < timing.offsetEveryMs) return
          writtenAt = performance.now()
          await offsets.write(offset)
        },
      })
      return { end, position, hasRead }
    } catch (cause) {
      if (!signal.aborted) onFailure('events of Auth0 cannot be read', cause)
      const end: PullEnd = { kind: 'failed', detail: 'see the failure before' }
      return { end, position, hasRead }
    }
  }

  return { run, status: (): PullStatus => status }
}

/**
 * How far back to read when no offset is stored, or Auth0 rejected the stored one. Auth0 keeps events for a limited time. Refreshes
 * have brought older changes to sessions already; only sessions without a refresh token miss them.
 */
const maxLookBackMs = 24 * 3_600_000

/** The next position to read from. One that was rejected is not used again: an offset is replaced by a time, and a time by `now`. */
async function positionAfter(
  spent: Position['kind'] | undefined,
  { offsets, now, longestSessionMs }: Pick<EventPullOptions, 'offsets' | 'now' | 'longestSessionMs'>,
): Promise<Position> {
  if (spent === 'time') return { kind: 'now' }
  const offset = spent === undefined ? await offsets.read() : undefined
  if (offset !== undefined) return { kind: 'offset', offset }
  return { kind: 'time', fromMs: now() - Math.min(longestSessionMs, maxLookBackMs) }
}

function waitMs(end: PullEnd, position: Position, failures: number, timing: PullTiming): number {
  if ((end.kind === 'gone' || end.kind === 'refused') && position.kind !== 'now') return 0
  const backoffMs = Math.min(timing.firstRetryMs * 2 ** Math.max(failures - 1, 0), timing.lastRetryMs)
  const jittered = backoffMs * (0.5 + Math.random() / 2)
  return end.kind === 'limited' ? Math.max(end.retryAfterMs, jittered) : jittered
}
