// This folder: learns from Auth0's event streams that users were blocked, deleted or changed.

import type { CustomFetch } from 'openid-client'

import { parseEvent, type TakeEvent } from './event.ts'

/** One message of an event stream. */
type StreamMessage = { type: string; id: string | undefined; data: string }

/** Larger than any event that Auth0 sends. A longer message is not from Auth0's event stream. */
const maxBufferedCharacters = 1_048_576

/**
 * Parses the text of an event stream into messages as it arrives (WHATWG HTML §9.2.6).
 * @throws RangeError when a message is too long
 */
export function createEventStreamParser(): (text: string) => StreamMessage[] {
  let rest = ''
  return (text) => {
    rest += text
    if (rest.length > maxBufferedCharacters) throw new RangeError('a message of the event stream is too long')
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/)
    // The text after the last empty line is an incomplete message.
    rest = blocks.splice(-1).join('')
    return blocks.flatMap((block) => messageIn(block) ?? [])
  }
}

function messageIn(block: string): StreamMessage | undefined {
  let type = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value = ''] = /^([^:]+)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'event') type = value
    if (name === 'id') id = value
    if (name === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { type, id, data: data.join('\n') }
}

/** Where reading begins: after an offset, at a time, or with the next event. */
export type Position = { kind: 'offset'; offset: string } | { kind: 'time'; fromMs: number } | { kind: 'now' }

/** How one connection to the Events API ended. The log gets `detail`. */
export type PullEnd =
  /** Auth0 ends streams every few minutes; this is no failure. */
  | { kind: 'ended' }
  /** `gone`: the position is too old. `refused`: the tenant does not know a requested event type or the position. */
  | { kind: 'gone' | 'refused' | 'unauthorized' | 'failed'; detail: string }
  /** Too many connections or calls. */
  | { kind: 'limited'; detail: string; retryAfterMs: number }

type PullOptions = {
  /** Ends in a slash. */
  issuer: string
  token: string
  position: Position
  /** Event types to ask for. */
  types: readonly string[]
  fetch: CustomFetch
  take: TakeEvent
  /** Called with each offset, after its event has been handled. */
  onOffset: (offset: string, isEvent: boolean) => Promise<void>
  /** If nothing arrives for this long, the connection is dead, because Auth0 sends heartbeats. */
  silenceMs: number
  signal: AbortSignal
}

/** Reads the Events API (`GET /api/v2/events`) until the stream ends. Rejects when handling an event fails. */
export async function pullOnce(options: PullOptions): Promise<PullEnd> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), options.silenceMs)
  try {
    const response = await options.fetch(eventsUrl(options), {
      method: 'GET',
      headers: { authorization: `Bearer ${options.token}`, accept: 'text/event-stream' },
      redirect: 'manual',
      signal: AbortSignal.any([silence.signal, options.signal]),
      body: undefined,
    })
    const refusal = refusalIn(response)
    if (refusal === undefined) return await readStream(response, options, timer)
    await response.body?.cancel()
    return refusal
  } catch (error) {
    if (options.signal.aborted) return { kind: 'ended' }
    if (silence.signal.aborted) return { kind: 'failed', detail: `nothing came for ${options.silenceMs} ms` }
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function eventsUrl({ issuer, position, types }: PullOptions): string {
  const url = new URL('api/v2/events', issuer)
  for (const type of types) url.searchParams.append('event_type', type)
  if (position.kind === 'offset') url.searchParams.set('from', position.offset)
  if (position.kind === 'time') url.searchParams.set('from_timestamp', new Date(position.fromMs).toISOString())
  return url.href
}

function refusalIn({ status, headers }: Response): PullEnd | undefined {
  if (status === 200) return undefined
  if (status === 410)
    return { kind: 'gone', detail: 'the position in the event stream is too old: reading continues from a time' }
  if (status === 400)
    return { kind: 'refused', detail: 'the Events API does not know a type or the position that was asked for (400)' }
  if (status === 401) return { kind: 'unauthorized', detail: 'the Management API does not accept our token (401)' }
  if (status !== 429) return { kind: 'failed', detail: `the Events API answered ${status}` }
  const detail = 'the Events API has too many connections or calls (429)'
  return { kind: 'limited', detail, retryAfterMs: retryAfterMsIn(headers) }
}

const maxRetryAfterSeconds = 3_600

/** Reads `Retry-After` (RFC 9110 §10.2.3). Auth0 always writes seconds, not a date. */
function retryAfterMsIn(headers: Headers): number {
  const seconds = Number(headers.get('retry-after'))
  return seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) * 1000 : 0
}

async function readStream({ body }: Response, options: PullOptions, timer: NodeJS.Timeout): Promise<PullEnd> {
  if (body === null) return { kind: 'ended' }
  const parse = createEventStreamParser()
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    timer.refresh()
    for (const message of parse(text)) {
      const failure = await handle(message, options)
      if (failure !== undefined) return failure
    }
  }
  return { kind: 'ended' }
}

async function handle(message: StreamMessage, { take, onOffset }: PullOptions): Promise<PullEnd | undefined> {
  const { event, offset = message.id, error } = contentOf(message)
  if (message.type === 'error') return { kind: 'failed', detail: `the event stream ended: ${JSON.stringify(error)}` }
  const parsed = parseEvent(event)
  if (parsed !== undefined) await take(parsed)
  if (typeof offset === 'string') await onOffset(offset, parsed !== undefined)
  return undefined
}

function contentOf({ data }: StreamMessage): { event?: unknown; offset?: unknown; error?: unknown } {
  try {
    const content: unknown = JSON.parse(data)
    return content instanceof Object ? content : {}
  } catch {
    return {}
  }
}
