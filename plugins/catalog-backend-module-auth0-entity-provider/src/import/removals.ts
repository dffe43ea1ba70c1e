/** So few may always go, in whatever tenant: each one is confirmed by Auth0 before. */
const alwaysAllowed = 10

export type RemovalDecision = { kind: 'allowed' } | { kind: 'too-many'; percent: number }

/**
 * Whether an import may remove `missing` of the `existing` entities. A tenant that answers with half of its people is
 * more likely broken, or the wrong one, than half empty.
 */
export function decideRemovals(missing: number, existing: number, maxPercent: number): RemovalDecision {
  const percent = existing === 0 ? 0 : (missing / existing) * 100
  if (missing <= alwaysAllowed || percent <= maxPercent) return { kind: 'allowed' }
  return { kind: 'too-many', percent: Math.round(percent * 10) / 10 }
}
