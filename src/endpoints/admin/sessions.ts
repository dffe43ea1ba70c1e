import type { FastifyPluginAsync } from 'fastify'

import type { RevocationTarget } from '../../audit/event.ts'
import { storeUnavailable } from '../../errors/gateway-error.ts'
import { refuseChangeFromOtherOrigin } from '../../headers/other-origins.ts'
import { wantsPage } from '../../headers/page-or-script.ts'
import { sessionsPage } from '../../pages/console/sessions.ts'
import type { Revocation } from '../../revocation/mark.ts'
import type { Revocations } from '../../revocation/revocations.ts'
import type { SeenSessions, SeenFilter, SeenSession } from '../../revocation/seen-sessions.ts'
import { badRequest } from './bad-request.ts'

export type AdminSessionsOptions = {
  /** Path of the console. */
  base: string
  seen: SeenSessions
  revocations: Pick<Revocations, 'revoke'>
  baseUrl: string
  issuer: string
  /** Milliseconds since the epoch. */
  now: () => number
}

/** `GET /.stagedoor/admin/sessions` and `POST …/sessions/revoke`: lists sessions, and ends them. */
export const adminSessions: FastifyPluginAsync<AdminSessionsOptions> = async (app, options) => {
  const { base, seen, revocations, baseUrl, issuer, now } = options
  const since = new Date(seen.since).toISOString()

  app.get('/sessions', async (request, reply) => {
    const found = seen.list(filterIn(request.query))
    if (wantsPage(request.headers)) return reply.sendPage(sessionsPage(pageOf(found, request.query), base))
    const { sessions, total, offset } = pageOf(found, request.query, answerSize)
    return reply.header('cache-control', 'no-store').send({ since, total, offset, sessions: sessions.map(listed) })
  })

  app.post('/sessions/revoke', async (request, reply) => {
    // Programs send their own token, which a page of another site cannot send.
    if (request.principal.kind === 'user') refuseChangeFromOtherOrigin(request.headers, baseUrl)
    const { revocation, target } = revocationIn(request.body, issuer, now())
    // Add the subject: a session id alone means nothing to the reader of the record.
    const subject = target.session === undefined ? target.subject : seen.list({ session: target.session })[0]?.subject
    const whose = subject === undefined ? target : { ...target, subject }
    const event = { event: 'revocation', channel: 'admin', target: whose } as const
    await app.audit.ensure(request, event)
    try {
      await revocations.revoke(revocation)
    } catch (cause) {
      const error = storeUnavailable(cause)
      app.audit.write(request, { ...event, reason: error.code })
      throw error
    }
    if (wantsPage(request.headers)) return reply.redirect(`${base}/sessions?ended=1`, 303)
    return reply.header('cache-control', 'no-store').send({ revoked: target })
  })
}

const maxLength = 512

/** @throws STAGEDOOR_ADMIN_BAD_REQUEST */
export function filterIn(query: unknown): SeenFilter {
  const { session, subject } = fieldsIn(query, ['session', 'subject'])
  return { ...(session === undefined ? {} : { session }), ...(subject === undefined ? {} : { subject }) }
}

/**
 * Reads what a request to end sessions names: one of our sessions, all of a user, or all of one session at the login service.
 * @param now milliseconds since the epoch
 * @throws STAGEDOOR_ADMIN_BAD_REQUEST
 */
export function revocationIn(
  body: unknown,
  issuer: string,
  now: number,
): { revocation: Revocation; target: RevocationTarget } {
  const { session, subject, sid } = fieldsIn(body, ['session', 'subject', 'sid'])
  const isOne = [session, subject, sid].filter((value) => value !== undefined).length === 1
  const createdBefore = now + 1
  if (isOne && session !== undefined) return { revocation: { sessionId: session }, target: { session } }
  if (isOne && sid !== undefined) return { revocation: { issuer, sid, createdBefore }, target: { sid } }
  if (isOne && subject !== undefined) return { revocation: { issuer, subject, createdBefore }, target: { subject } }
  throw badRequest('exactly one of session, subject and sid has to be named')
}

const pageSize = 50
/** The most sessions in one answer to a program: about 300 KB. */
const answerSize = 1_000

/** The sessions that contain the search text, and the part of them that one page shows. */
export function pageOf(found: readonly SeenSession[], query: unknown, limit = pageSize) {
  const { text = '', offset, ended } = query as { text?: unknown; offset?: unknown; ended?: unknown }
  const wanted = String(text).slice(0, maxLength)
  const matching = found.filter((session) => isAbout(session, wanted.toLowerCase()))
  const start = Math.min(Math.max(0, Math.trunc(Number(offset)) || 0), matching.length)
  return {
    sessions: matching.slice(start, start + limit),
    total: matching.length,
    offset: start,
    limit,
    text: wanted,
    notice: ended === '1' ? 'The sessions have been ended.' : undefined,
  }
}

function isAbout({ id, subject, email, organization, device, address }: SeenSession, wanted: string): boolean {
  return [id, subject, email, organization, device, address].some((part) => part?.toLowerCase().includes(wanted))
}

/** A session for the answer, with times in the form of RFC 3339. */
export function listed({ createdAt, usedAt, ...session }: SeenSession) {
  return { ...session, signed_in_at: new Date(createdAt).toISOString(), used_at: new Date(usedAt).toISOString() }
}

function fieldsIn<Name extends string>(source: unknown, names: readonly Name[]): Partial<Record<Name, string>> {
  // Parsed queries and forms have no prototype, so `instanceof Object` is false for them.
  const values = typeof source === 'object' && source !== null ? (source as Record<string, unknown>) : {}
  const fields: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = values[name]
    if (value === undefined) continue
    if (typeof value !== 'string' || value === '' || value.length > maxLength) throw badRequest(`${name} is not a name`)
    fields[name] = value
  }
  return fields
}
