import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'
import { redact } from '../telemetry/redact.ts'
import type { AuditEvent } from './event.ts'
import type { AuditRecord } from './record-schema.ts'

/** Where a record stands in its writer's chain. */
export type Link = { writer: string; seq: number; prev: string }

/** A person has few roles; one with more is recorded with the first of them. */
const maxRoles = 50

/**
 * One record of the trail, without its hash. Members that are undefined leave no trace in it.
 * @param time RFC 3339, UTC
 */
export function recordOf(event: AuditEvent, { writer, seq, prev }: Link, time: string): Omit<AuditRecord, 'hash'> {
  const { facts, principal } = event
  const decision = 'decision' in event ? event.decision : undefined
  return {
    change: 'change' in event ? (event.change as AuditRecord['change']) : undefined,
    channel: 'channel' in event ? event.channel : undefined,
    checkpoint: 'checkpoint' in event ? event.checkpoint : undefined,
    class: 'class' in event ? event.class : undefined,
    client_ip: facts?.clientIp,
    duration_ms: 'durationMs' in event ? event.durationMs : undefined,
    event: event.event,
    host: facts && redact(facts.host),
    method: facts?.method,
    outcome: outcomeOf(event),
    path: facts && redact(facts.path),
    phase: 'phase' in event ? event.phase : undefined,
    prev,
    previous: 'previous' in event ? [...event.previous] : undefined,
    principal: principal && whoIs(principal),
    process: 'process' in event ? event.process : undefined,
    reason: reasonOf(event, decision),
    request_id: facts?.requestId,
    rule: decision?.rule,
    seq,
    status: 'status' in event ? event.status : undefined,
    target: 'target' in event ? event.target : undefined,
    time,
    trace_id: facts && traceIdOf(facts),
    upstream: decision?.effect === 'allow' ? decision.upstream : undefined,
    v: 1,
    writer,
  }
}

/** The principal, without anything that could open a session, and without the e-mail address. */
export function whoIs(principal: Principal): NonNullable<AuditRecord['principal']> {
  const { kind } = principal
  if (kind === 'anonymous') return { kind }
  const { issuer, subject } = principal
  if (kind === 'backstage') return { issuer, kind, subject }
  if (kind === 'machine') {
    const { clientId, organization } = principal
    return { client: clientId, issuer, kind, organization, subject }
  }
  const { claims, sessionId } = principal
  const { name, org_id: organization, roles } = claims
  const topRoles = roles.length === 0 ? undefined : roles.slice(0, maxRoles)
  return { issuer, kind, name: nameOf(name), organization, roles: topRoles, session: sessionId, subject }
}

/** Some login services put the address where a name should be. */
function nameOf(name: string | undefined): string | undefined {
  return name?.includes('@') === true ? undefined : name
}

/** Whether it was let happen: what the decision says, or else how it ended. */
export function outcomeOf(event: AuditEvent): 'allow' | 'deny' {
  const decision = 'decision' in event ? event.decision : undefined
  if (decision !== undefined) return decision.effect
  if ('reason' in event || ('change' in event && event.change.action === 'refused')) return 'deny'
  return 'status' in event && event.status >= 400 ? 'deny' : 'allow'
}

function reasonOf(event: AuditEvent, decision: Decision | undefined): string | undefined {
  if (decision?.effect === 'deny') return decision.reason
  return 'reason' in event ? event.reason : undefined
}

/** What was changed and how, with the id of what took over and the options that changed. */
export function changeText({ what, action, id, options }: NonNullable<AuditRecord['change']>): string {
  return [what, action, id, options?.join(', ')].filter(Boolean).join(' ')
}

/** W3C Trace Context §3.2.2: 00-<trace id>-<span id>-<flags>. */
export function traceIdOf({ traceparent }: RequestFacts): string {
  return traceparent.slice(3, 35)
}
