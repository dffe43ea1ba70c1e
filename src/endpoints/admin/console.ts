import { PassThrough } from 'node:stream'

import type { FastifyPluginAsync, FastifyRequest } from 'fastify'

import type { RecordFilter } from '../../audit/filter.ts'
import type { RecentRecords } from '../../audit/recent.ts'
import type { ShownOption } from '../../config/effective.ts'
import { wantsPage } from '../../headers/page-or-script.ts'
import type { ClaimNames } from '../../oidc/map-user-claims.ts'
import { decisionsPage, explainPage } from '../../pages/console/decisions.ts'
import { configurationPage, overviewPage } from '../../pages/console/overview.ts'
import { explanationLines } from '../../policy/explain.ts'
import type { Policy } from '../../policy/policy.ts'
import type { OpenConnections } from '../../proxy/open-connections.ts'
import type { SeenSessions } from '../../revocation/seen-sessions.ts'
import type { Condition } from '../../telemetry/condition.ts'
import { badRequest } from './bad-request.ts'
import { readQuestion } from './explain-request.ts'
import { openApiDocument } from './openapi.ts'

export type ConsoleOptions = {
  /** Path of the console. */
  base: string
  /** URL of the console, with scheme and host. */
  address: string
  policy: Pick<Policy, 'explain'>
  claimNames: ClaimNames
  recent: RecentRecords
  openConnections: OpenConnections
  seen: Pick<SeenSessions, 'list'>
  conditions: () => Condition[]
  /** The configuration in force, as people write it and without secrets; and each value with its origin. */
  configuration: () => { configuration: unknown; options: ShownOption[] }
  /** Milliseconds since the epoch. */
  now: () => number
}

const maxRecords = 200
const overviewRecords = 15
/** How long an event stream stays open. The browser then reconnects, and its rights are checked again. */
const liveForMs = 300_000
const lookEveryMs = 1_000

/** The pages of the console, and their data as JSON for programs. */
export const adminConsole: FastifyPluginAsync<ConsoleOptions> = async (app, options) => {
  const { base, address, recent, openConnections, seen, conditions, configuration } = options

  app.get('/', async (_request, reply) => {
    const records = recent.list({}, overviewRecords)
    const view = { conditions: conditions(), records, sessionCount: seen.list({}).length, minutes: recent.minutes() }
    return reply.sendPage(overviewPage(view, base))
  })

  app.get('/decisions', async (request, reply) => {
    const filter = recordFilterIn(request.query)
    const records = recent.list(filter, maxRecords)
    if (wantsPage(request.headers)) return reply.sendPage(decisionsPage(records, filter, base))
    return reply.header('cache-control', 'no-store').send({ records })
  })

  app.get('/explain', async (request, reply) => reply.sendPage(explainPage(explained(request, options), base)))

  app.get('/configuration', async (request, reply) => {
    if (wantsPage(request.headers)) return reply.sendPage(configurationPage(configuration().options, base))
    return reply.header('cache-control', 'no-store').send(configuration())
  })

  app.get('/conditions', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ conditions: conditions() }),
  )

  app.get('/openapi.json', async (_request, reply) => reply.send(openApiDocument(address)))

  app.get('/live', async ({ principal, session, facts }, reply) => {
    const isOver = () => principal.kind === 'user' && seen.list({ session: principal.sessionId }).length === 0
    const stream = newsOf(recent, isOver)
    // Register the stream, so that an open console neither delays a restart nor outlives its session.
    const connection = { session, asked: facts, isLongLived: true, index: 0, close: () => void stream.end() }
    openConnections.add(connection)
    stream.once('close', () => openConnections.remove(connection))
    return reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).send(stream)
  })
}

/**
 * A stream that sends an event for each second in which something was recorded.
 * @param isOver whether the session of the reader has ended; the stream then ends, too
 */
function newsOf(recent: RecentRecords, isOver: () => boolean): PassThrough {
  const stream = new PassThrough()
  let sent = recent.last()
  stream.write('retry: 1000\n\n')
  const looking = setInterval(() => {
    const last = recent.last()
    if (isOver()) stream.end()
    else if (last !== sent) stream.write('event: records\ndata: {}\n\n')
    sent = last
  }, lookEveryMs)
  const ending = setTimeout(() => stream.end(), liveForMs)
  return stream.once('close', () => {
    clearInterval(looking)
    clearTimeout(ending)
  })
}

/** @throws STAGEDOOR_ADMIN_BAD_REQUEST */
function recordFilterIn(query: unknown): RecordFilter {
  const { text, outcome } = query as { text?: unknown; outcome?: unknown }
  const isOutcome = outcome === 'allow' || outcome === 'deny'
  if (outcome !== undefined && outcome !== '' && !isOutcome) throw badRequest('outcome is allow or deny')
  return {
    ...(typeof text === 'string' && text !== '' ? { text: text.slice(0, 200) } : {}),
    ...(isOutcome ? { outcome } : {}),
  }
}

function explained(request: FastifyRequest, { policy, claimNames, now }: ConsoleOptions) {
  const query = request.query as Partial<Record<string, string | string[]>>
  // A parameter that is given twice is a list.
  const text = (name: string, preset = ''): string => String(query[name] ?? preset)
  const method = text('method', 'GET').toUpperCase()
  const [host, path, claims] = [text('host'), text('path'), text('claims')]
  if (path === '') return { method, host, path, claims }
  const question = {
    method,
    path,
    ...(host === '' ? {} : { host }),
    ...(claims === '' ? {} : { claims: claimsIn(claims) }),
  }
  const { principal, asked } = readQuestion(question, request, claimNames, now())
  return { method, host, path, claims, lines: explanationLines(policy.explain(principal, asked, now())) }
}

function claimsIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('claims are not JSON')
  }
}
