import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import type { Decision } from '../policy/decision.ts'
import { redact } from '../telemetry/redact.ts'
import type { AuditEvent } from './event.ts'
import type { AuditRecord } from './record-schema.ts'

/** The position of a record in its writer's chain. */
export type Link = { writer: string; seq: number; prev: string }

/** Users have few roles. Of a user with more, only the first ones are recorded. */
const maxRoles = 50

/**
 * One record of the trail, without its hash. Undefined members are left out of its JSON.
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

/** The principal, without secrets that could open a session, and without the e-mail address. */
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

/** Omits a name that contains `@`: some login services use the e-mail address as the name. */
function nameOf(name: string | undefined): string | undefined {
  return name?.includes('@') === true ? undefined : name
}

/** Whether the event was allowed: by its decision if it has one, otherwise by its reason, its change or the status of its answer. */
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

/** Describes a change in one line: what changed and how, the new id, and the changed options. */
export function changeText({ what, action, id, options }: NonNullable<AuditRecord['change']>): string {
  return [what, action, id, options?.join(', ')].filter(Boolean).join(' ')
}

/** The trace id in `traceparent` (W3C Trace Context §3.2.2): 00-<trace id>-<span id>-<flags>. */
export function traceIdOf({ traceparent }: RequestFacts): string {
  return traceparent.slice(3, 35)
}
