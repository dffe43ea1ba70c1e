import type { RequestFacts } from '../boundary/facts.ts'
import type { Principal } from '../identity/principal.ts'
import { redact } from '../telemetry/redact.ts'
import type { AuditEvent } from './event.ts'
import { type Link, recordOf, traceIdOf, whoIs } from './record.ts'

type DecisionEvent = Extract<AuditEvent, { event: 'decision' }>
type CausedDecision = DecisionEvent & { facts: RequestFacts; principal: Principal }

/**
 * A record in canonical form, without its hash. Every request has a record of a decision, so these are written directly, in a
 * fraction of the time; a test compares them with `recordOf`.
 * @param time RFC 3339, UTC
 */
export function recordJson(event: AuditEvent, link: Link, time: string): string {
  return isCausedDecision(event) ? decisionJson(event, link, time) : canonicalJson(recordOf(event, link, time))
}

/**
 * JSON with members in the order of their names and no spaces (RFC 8785), so that a reader that parsed a record and lost its
 * bytes can still compute its hash.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]))
}

function isCausedDecision(event: AuditEvent): event is CausedDecision {
  return event.event === 'decision' && event.facts !== undefined && event.principal !== undefined
}

function decisionJson(
  { facts, principal, decision, status, durationMs }: CausedDecision,
  { writer, seq, prev }: Link,
  time: string,
): string {
  const { clientIp, host, method, path, requestId } = facts
  const isAllowed = decision.effect === 'allow'
  const outcome = isAllowed ? ',"outcome":"allow","path":' : ',"outcome":"deny","path":'
  const reason = isAllowed ? '' : `,"reason":"${decision.reason}"`
  const rule = decision.rule === undefined ? '' : ruleJson(decision.rule)
  const upstream = isAllowed ? upstreamJson(decision.upstream) : ''
  // One template, because each piece costs. The remembered parts hold the names of their members, too.
  return `{"client_ip":${json(clientIp)},"duration_ms":${durationMs}${hostJson(host)}${methodJson(method)}${outcome}${json(redact(path))},"prev":"${prev}${principalJson(principal)}${reason},"request_id":${json(requestId)}${rule},"seq":${seq},"status":${status},"time":"${time}","trace_id":${json(traceIdOf(facts))}${upstream}${writerJson(writer)}`
}

const json = (text: string): string => JSON.stringify(text)

/** Keeps the latest text and its JSON. Most requests repeat it, and to compare costs a tenth of writing it anew. */
function remembersLatest(write: (text: string) => string): (text: string) => string {
  let latest = ''
  let written = write(latest)
  return (text) => {
    if (text === latest) return written
    written = write(text)
    latest = text
    return written
  }
}

const hostJson = remembersLatest((host) => `,"event":"decision","host":${json(redact(host))}`)
const methodJson = remembersLatest((method) => `,"method":${json(method)}`)
const ruleJson = remembersLatest((rule) => `,"rule":${json(rule)}`)
const upstreamJson = remembersLatest((upstream) => `,"upstream":${json(upstream)}`)
const writerJson = remembersLatest((writer) => `,"v":1,"writer":${json(writer)}}`)

/** Principals do not change in place: one that asks often is written once. */
const principals = new WeakMap<Principal, string>()

function principalJson(principal: Principal): string {
  const known = principals.get(principal)
  if (known !== undefined) return known
  const text = `","principal":${canonicalJson(whoIs(principal))}`
  principals.set(principal, text)
  return text
}
