import type { Requirement } from '../config/sections/requirement.ts'
import { leafOf } from './leaf.ts'

/** A requirement on one line: `roles platform-admin and mfa a second factor within 15m`. */
export function requirementText(requirement: Requirement): string {
  if ('all' in requirement) return requirement.all.map(nested).join(' and ')
  if ('any' in requirement) return requirement.any.map(nested).join(' or ')
  if ('not' in requirement) return `not ${nested(requirement.not)}`
  const { name, wanted } = leafOf(requirement)
  return `${name}: ${wanted}`
}

function nested(requirement: Requirement): string {
  const text = requirementText(requirement)
  return 'all' in requirement || 'any' in requirement ? `(${text})` : text
}
