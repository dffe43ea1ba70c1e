import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'

/** One entry of the audit trail: who did what, and what was decided. */
export type AuditRecord = {
  /** RFC 3339, UTC. */
  time: string
  event: 'decision' | 'login' | 'logout' | 'revocation'
  request_id: string
  client_ip: string
  principal: { kind: Principal['kind']; issuer?: string; subject?: string; session?: string }
  method: string
  host: string
  path: string
  outcome: 'allow' | 'deny'
  rule?: string
  reason?: string
  label?: string
  status?: number
  /** Whose sessions were ended. */
  target?: RevocationTarget
}

/** What a revocation names; `sid` is the login service's name for a session. */
export type RevocationTarget = { session?: string; sid?: string; subject?: string; organization?: string }

type Subject = { kind: Principal['kind']; issuer: string; subject: string; session?: string }

/** Who, without anything that could open a session or that a person would not want in a log. */
export function subjectOf(principal: Principal): AuditRecord['principal'] {
  if (principal.kind === 'anonymous') return { kind: 'anonymous' }
  const known: Subject = { kind: principal.kind, issuer: principal.issuer, subject: principal.subject }
  return principal.kind === 'user' ? { ...known, session: principal.sessionId } : known
}

/** @param now milliseconds since the epoch */
export function decisionRecord(
  facts: RequestFacts,
  principal: Principal,
  decision: Decision,
  status: number,
  now: number,
): AuditRecord {
  return {
    ...recordOf('decision', facts, subjectOf(principal), now),
    outcome: decision.effect,
    ...(decision.rule === undefined ? {} : { rule: decision.rule }),
    ...(decision.effect === 'deny' ? { reason: decision.reason } : {}),
    status,
  }
}

/** A login or logout. */
export function sessionRecord(
  event: 'login' | 'logout',
  facts: RequestFacts,
  session: { issuer: string; subject: string; id: string },
  now: number,
): AuditRecord {
  const subject = { kind: 'user', issuer: session.issuer, subject: session.subject, session: session.id } as const
  return { ...recordOf(event, facts, subject, now), outcome: 'allow' }
}

/** @param reason who or what asked for it, e.g. `admin`, `back-channel-logout`, `user.deleted` */
export function revocationRecord(
  facts: RequestFacts,
  principal: Principal,
  { reason, target }: { reason: string; target: RevocationTarget },
  now: number,
): AuditRecord {
  return { ...recordOf('revocation', facts, subjectOf(principal), now), outcome: 'allow', reason, target }
}

function recordOf(
  event: AuditRecord['event'],
  facts: RequestFacts,
  principal: AuditRecord['principal'],
  now: number,
): Omit<AuditRecord, 'outcome'> {
  const { requestId, clientIp, method, host, path } = facts
  const time = new Date(now).toISOString()
  return { time, event, request_id: requestId, client_ip: clientIp, principal, method, host, path }
}
