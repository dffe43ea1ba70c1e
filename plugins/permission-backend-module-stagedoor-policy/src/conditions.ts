import type { PermissionCondition, PermissionCriteria } from '@backstage/plugin-permission-common'

import type { Criteria } from './decide.ts'
import { currentUserAlias, ownerRefsAlias, type When } from './when.ts'

type BackstageCriteria = PermissionCriteria<PermissionCondition>
export type Person = { userEntityRef: string; refs: readonly string[] }

/** Criteria in Backstage's words, for this person. */
export function backstageCriteriaOf(criteria: Criteria, resourceType: string, person: Person): BackstageCriteria {
  const convert = (part: Criteria) => backstageCriteriaOf(part, resourceType, person)
  if (criteria.kind === 'given') return criteria.of
  if (criteria.kind === 'when') return conditionsOf(criteria.when, resourceType, person)
  if (criteria.kind === 'not') return { not: convert(criteria.of) }
  const [first, second] = criteria.of
  const both: [BackstageCriteria, BackstageCriteria] = [convert(first), convert(second)]
  return criteria.kind === 'any' ? { anyOf: both } : { allOf: both }
}

function conditionsOf({ conditions }: When, resourceType: string, person: Person): BackstageCriteria {
  const all = conditions.map(({ rule, params }): PermissionCondition => {
    return { resourceType, rule, params: withoutAliases(params, person) as NonNullable<PermissionCondition['params']> }
  })
  const [first, ...others] = all
  if (first === undefined) throw new RangeError('a condition without conditions')
  return others.length === 0 ? first : { allOf: [first, ...others] }
}

/** The parameters with the person in place of `$currentUser` and, in lists, their refs in place of `$ownerRefs`. */
function withoutAliases(value: unknown, person: Person): unknown {
  if (value === currentUserAlias) return person.userEntityRef
  if (Array.isArray(value)) {
    return value.flatMap<unknown>((item: unknown) =>
      item === ownerRefsAlias ? person.refs : [withoutAliases(item, person)],
    )
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutAliases(item, person)]))
}
