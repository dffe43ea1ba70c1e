import { setTimeout } from 'node:timers/promises'

import type { LoggerService } from '@backstage/backend-plugin-api'
import { stringifyError } from '@backstage/errors'
import { z } from 'zod/v4'

import { waitMsOf } from '../management/backoff.ts'
import type { ManagementClient } from '../management/client.ts'
import { followedEventTypes } from './event.ts'
import { readMessages } from './sse.ts'

export type PullOptions = {
  client: ManagementClient
  signal: AbortSignal
  logger: Pick<LoggerService, 'warn'>
  onEvent: (event: unknown) => void
  /** Events were missed: the stream could not go on where it ended. */
  onGap: () => void
}

const messageData = z.looseObject({ offset: z.string().optional(), event: z.unknown().optional() })
/** Auth0 ends streams every few minutes: the next one starts a moment later. */
const betweenStreamsMs = 500

/**
 * Follows Auth0's Events API (`GET /api/v2/events`) until the signal: goes on where the last stream ended, and waits
 * longer after each failure in a row. A stream that brought something first begins a new row.
 */
export async function pullEvents(options: PullOptions): Promise<void> {
  const { signal, logger } = options
  const position: Position = { offset: undefined, wasOpen: false, hasGroups: true }
  let failures = 0
  while (!signal.aborted) {
    let waitMs = betweenStreamsMs
    const { offset } = position
    try {
      const refusal = await followOneStream(options, position)
      if (refusal) waitMs = waitMsOf(refusal, failures, Date.now(), Math.random())
      failures = refusal ? failures + 1 : 0
    } catch (error) {
      if (signal.aborted) return
      if (position.offset !== offset) failures = 0
      waitMs = waitMsOf({ status: undefined, headers: new Headers() }, failures, Date.now(), Math.random())
      failures += 1
      logger.warn(`Auth0's event stream broke, next try in ${Math.round(waitMs)} ms: ${stringifyError(error)}`)
    }
    await setTimeout(waitMs, undefined, { signal }).catch(() => {})
  }
}

/** Where the next stream goes on; without an offset it starts at what happens from then on. */
type Position = {
  offset: string | undefined
  wasOpen: boolean
  /** Whether events of Auth0 Groups are asked for: a tenant without that early-access feature refuses the whole stream. */
  hasGroups: boolean
}

function typesFor({ hasGroups }: Position): string[] {
  return followedEventTypes.filter((type) => hasGroups || !type.startsWith('group.'))
}

/** What to ask for after a refusal. A 400 does not name its cause: types of Groups or, without these, the offset. */
function giveUpRefused(position: Position, status: number): void {
  if (status === 410 || (status === 400 && !position.hasGroups)) position.offset = undefined
  if (status === 400) position.hasGroups = !position.hasGroups
}

/** Reads one stream to its end; gives the answer where Auth0 opened none. */
async function followOneStream(options: PullOptions, position: Position): Promise<Response | undefined> {
  const { client, signal, logger, onEvent, onGap } = options
  const query = new URLSearchParams(typesFor(position).map((type) => ['event_type', type]))
  if (position.offset !== undefined) query.set('from', position.offset)
  const response = await client.open('events', query, signal)
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    logger.warn(`Auth0 opened no event stream (${response.status})`)
    giveUpRefused(position, response.status)
    return response
  }
  if (position.wasOpen && position.offset === undefined) onGap()
  position.wasOpen = true
  for await (const { event, data } of readMessages(response.body)) {
    const { offset, event: payload } = messageData.parse(JSON.parse(data))
    if (event === 'error') throw new Error(data)
    position.offset = offset ?? position.offset
    if (payload !== undefined) onEvent(payload)
  }
  return undefined
}
