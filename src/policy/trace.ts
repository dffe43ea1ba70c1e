import type { Requirement } from '../config/sections/requirement.ts'
import type { DenyReason } from './decision.ts'
import { leafOf } from './leaf.ts'
import type { KnownPrincipal } from './question.ts'

/** A requirement with its answer: what each part wanted, and what the principal had. */
export type RequirementTrace =
  | { kind: 'all' | 'any' | 'not'; isMet: boolean; parts: readonly RequirementTrace[] }
  | { kind: 'leaf'; isMet: boolean; name: string; reason: DenyReason; wanted: string; found: string }

/** Asks every part of a requirement, those too that would not change the outcome any more. */
export function traceRequirement(requirement: Requirement, principal: KnownPrincipal, now: number): RequirementTrace {
  const trace = (part: Requirement): RequirementTrace => traceRequirement(part, principal, now)
  if ('all' in requirement) {
    const parts = requirement.all.map(trace)
    return { kind: 'all', isMet: parts.every(({ isMet }) => isMet), parts }
  }
  if ('any' in requirement) {
    const parts = requirement.any.map(trace)
    return { kind: 'any', isMet: parts.some(({ isMet }) => isMet), parts }
  }
  if ('not' in requirement) {
    const part = trace(requirement.not)
    return { kind: 'not', isMet: !part.isMet, parts: [part] }
  }
  const { name, reason, wanted, isMet, found } = leafOf(requirement)
  return { kind: 'leaf', isMet: isMet(principal, now), name, reason, wanted, found: found(principal, now) }
}
