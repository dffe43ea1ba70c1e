import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import { redact } from '../telemetry/redact.ts'
import type { AuditEvent } from './event.ts'
import { type Link, recordOf, traceIdOf, whoIs } from './record.ts'

type DecisionEvent = Extract<AuditEvent, { event: 'decision' }>
type CausedDecision = DecisionEvent & { facts: RequestFacts; principal: Principal }

/**
 * A record in canonical form, without its hash. Each request makes one of a decision, so that those are written directly, in a
 * third of the time; a test holds them to what `recordOf` says.
 * @param time RFC 3339, UTC
 */
export function recordJson(event: AuditEvent, link: Link, time: string): string {
  return isCausedDecision(event) ? decisionJson(event, link, time) : JSON.stringify(recordOf(event, link, time))
}

function isCausedDecision(event: AuditEvent): event is CausedDecision {
  return event.event === 'decision' && event.facts !== undefined && event.principal !== undefined
}

function decisionJson(
  { facts, principal, decision, status, durationMs }: CausedDecision,
  { writer, seq, prev }: Link,
  time: string,
): string {
  return (
    `{"client_ip":${json(facts.clientIp)},"duration_ms":${durationMs},"event":"decision",` +
    `"host":${json(redact(facts.host))},"method":${json(facts.method)},"outcome":"${decision.effect}",` +
    `"path":${json(redact(facts.path))},"prev":"${prev}","principal":${principalJson(principal)}` +
    (decision.effect === 'deny' ? `,"reason":"${decision.reason}"` : '') +
    `,"request_id":${json(facts.requestId)}` +
    (decision.rule === undefined ? '' : `,"rule":${json(decision.rule)}`) +
    `,"seq":${seq},"status":${status},"time":"${time}","trace_id":${json(traceIdOf(facts))}` +
    (decision.effect === 'allow' ? `,"upstream":${json(decision.upstream)}` : '') +
    `,"v":1,"writer":${json(writer)}}`
  )
}

const json = (text: string): string => JSON.stringify(text)

/** Principals do not change in place: one that asks often is written once. */
const principals = new WeakMap<Principal, string>()

function principalJson(principal: Principal): string {
  const known = principals.get(principal)
  if (known !== undefined) return known
  const text = JSON.stringify(whoIs(principal))
  principals.set(principal, text)
  return text
}
