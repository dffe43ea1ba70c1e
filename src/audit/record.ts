import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'
import { redact } from '../telemetry/redact.ts'

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
  /** What `audit` of the rule says. */
  label?: string
  status?: number
  /** Whose sessions were ended. */
  target?: RevocationTarget
}

/** What a revocation names; `sid` is the login service's name for a session. */
export type RevocationTarget = { session?: string; sid?: string; subject?: string; organization?: string }

/** Who, without anything that could open a session or that a person would not want in a log. */
export function subjectOf(principal: Principal): AuditRecord['principal'] {
  const { kind } = principal
  if (kind === 'anonymous') return { kind }
  const { issuer, subject } = principal
  return kind === 'user' ? { kind, issuer, subject, session: principal.sessionId } : { kind, issuer, subject }
}

/** @param time RFC 3339, UTC */
export function decisionRecord(
  facts: RequestFacts,
  principal: Principal,
  decision: Decision,
  status: number,
  time: string,
): AuditRecord {
  const record: AuditRecord = recordOf('decision', facts, subjectOf(principal), decision.effect, time)
  if (decision.rule !== undefined) record.rule = decision.rule
  if (decision.effect === 'deny') record.reason = decision.reason
  if (decision.label !== undefined) record.label = decision.label
  record.status = status
  return record
}

/** A login or logout. */
export function sessionRecord(
  event: 'login' | 'logout',
  facts: RequestFacts,
  session: { issuer: string; subject: string; id: string },
  time: string,
): AuditRecord {
  const subject = { kind: 'user', issuer: session.issuer, subject: session.subject, session: session.id } as const
  return recordOf(event, facts, subject, 'allow', time)
}

/** @param reason who or what asked for it, e.g. `admin`, `back-channel-logout`, `user.deleted` */
export function revocationRecord(
  facts: RequestFacts,
  principal: Principal,
  { reason, target }: { reason: string; target: RevocationTarget },
  time: string,
): AuditRecord {
  return { ...recordOf('revocation', facts, subjectOf(principal), 'allow', time), reason, target }
}

function recordOf(
  event: AuditRecord['event'],
  facts: RequestFacts,
  principal: AuditRecord['principal'],
  outcome: AuditRecord['outcome'],
  time: string,
): AuditRecord {
  const { requestId, clientIp, method } = facts
  const [host, path] = [redact(facts.host), redact(facts.path)]
  return { time, event, request_id: requestId, client_ip: clientIp, principal, method, host, path, outcome }
}
