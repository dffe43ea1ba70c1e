import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Tenant } from '../tenant.ts'
import { problem } from './resource.ts'
import type { Answer } from './resource.ts'

type Kept = { offset: string; type: string; timeMs: number; event: Record<string, unknown> }
type Subscriber = { response: ServerResponse; types: string[]; heartbeat: NodeJS.Timeout }

export type EventLog = {
  /** Stores and sends one event about `data.object`. @returns its offset */
  emit: (type: string, object: Record<string, unknown>) => string
  /** Sends an `offset-only` message and a comment to everyone now, as the interval does. */
  beat: () => void
  /** Drops the stored events: earlier offsets then get a 410. */
  expire: () => void
  /** Ends all streams, as Auth0 does every few minutes. */
  cycle: () => void
  /** Ends all streams with a terminal `error` message. */
  fail: (message: string) => void
  /** Answers `GET /api/v2/events`. @returns a refusal; undefined once the stream is open */
  subscribe: (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Answer | undefined
  connections: () => number
}

const knownType = /^(user|organization|group|connection)(\.\w+)+$/

/** The Events API: server-sent events that a client pulls and resumes by offset. */
export function createEventLog(tenant: Tenant): EventLog {
  const kept: Kept[] = []
  const subscribers = new Set<Subscriber>()
  let sequence = 0
  let oldestSequence = 0

  function subscribe(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Answer | undefined {
    if (subscribers.size >= tenant.settings.eventConnections) {
      response.setHeader('retry-after', String(tenant.settings.eventRetryAfterSeconds))
      return problem(429, 'Too Many Requests', 'Too many concurrent event connections')
    }
    const types = query.getAll('event_type')
    if (!types.every(isKnown)) return problem(400, 'Bad Request', 'Unsupported event type')
    const start = startOf(request.headers['last-event-id'] ?? query.get('from'), query.get('from_timestamp'))
    if (typeof start !== 'number') return start
    // The client may have hung up while the token was verified; a `close` listener added now would never be called.
    if (response.destroyed) return undefined
    const isWanted = ({ type }: Kept) => types.length === 0 || types.includes(type)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.write(':connected\n\nretry: 2000\n\n')
    for (const entry of kept.slice(start).filter(isWanted)) response.write(messageOf(entry))
    join(response, types)
    return undefined
  }

  function isKnown(type: string): boolean {
    return knownType.test(type) && (tenant.settings.groups || !type.startsWith('group.'))
  }

  /** Index of the first event to send, or a refusal. */
  function startOf(offset: string | string[] | null, timestamp: string | null): number | Answer {
    if (typeof offset === 'string') {
      const after = decodeOffset(offset)
      if (after === undefined) return problem(400, 'Bad Request', 'Malformed offset')
      if (after < oldestSequence) return problem(410, 'Gone', 'The offset has expired')
      const index = kept.findIndex((entry) => (decodeOffset(entry.offset) ?? 0) > after)
      return index === -1 ? kept.length : index
    }
    if (timestamp === null) return kept.length
    const fromMs = Date.parse(timestamp)
    if (Number.isNaN(fromMs)) return problem(400, 'Bad Request', 'Malformed from_timestamp')
    const index = kept.findIndex((entry) => entry.timeMs >= fromMs)
    return index === -1 ? kept.length : index
  }

  function join(response: ServerResponse, types: string[]): void {
    const beatOne = () => response.write(heartbeatOf(encodeOffset(sequence)))
    const heartbeat = setInterval(beatOne, tenant.settings.eventHeartbeatMs)
    const subscriber = { response, types, heartbeat }
    subscribers.add(subscriber)
    response.once('close', () => {
      clearInterval(heartbeat)
      subscribers.delete(subscriber)
    })
  }

  /** Removes and returns all subscribers. */
  function takeAll(): Subscriber[] {
    const all = [...subscribers]
    subscribers.clear()
    return all
  }

  return {
    subscribe,
    connections: () => subscribers.size,
    emit(type, object) {
      sequence += 1
      const entry = keptEvent(tenant, encodeOffset(sequence), type, object)
      kept.push(entry)
      for (const { response, types } of subscribers) {
        const isWanted = types.length === 0 || types.includes(type)
        if (isWanted && !response.writableEnded) response.write(messageOf(entry))
      }
      return entry.offset
    },
    beat() {
      for (const { response } of subscribers) response.write(heartbeatOf(encodeOffset(sequence)))
    },
    expire() {
      kept.length = 0
      // Advance the offset, so that even the latest one is too old.
      sequence += 1
      oldestSequence = sequence
    },
    cycle() {
      for (const { response } of takeAll()) response.end()
    },
    fail(message) {
      const data = JSON.stringify({ error: { code: 'server_error', message, offset: encodeOffset(sequence) } })
      for (const { response } of takeAll()) response.end(`event: error\ndata: ${data}\n\n`)
    },
  }
}

function keptEvent(tenant: Tenant, offset: string, type: string, object: Record<string, unknown>): Kept {
  const timeMs = tenant.nowMs()
  const event = {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    source: 'urn:auth0:local',
    specversion: '1.0',
    type,
    time: new Date(timeMs).toISOString(),
    data: { object, context: { tenant: { tenant_id: 'local' } } },
    a0tenant: 'local',
    a0stream: 'est_local',
  }
  return { offset, type, timeMs, event }
}

function messageOf({ offset, type, event }: Kept): string {
  return `event: ${type}\nid: ${offset}\ndata: ${JSON.stringify({ offset, event })}\n\n`
}

function heartbeatOf(offset: string): string {
  return `event: offset-only\nid: ${offset}\ndata: ${JSON.stringify({ offset })}\n\n: heartbeat\n\n`
}

function encodeOffset(sequence: number): string {
  return Buffer.from(`event:${sequence}`).toString('base64url')
}

function decodeOffset(offset: string): number | undefined {
  const sequence = /^event:(\d+)$/.exec(Buffer.from(offset, 'base64url').toString())?.[1]
  return sequence === undefined ? undefined : Number(sequence)
}
