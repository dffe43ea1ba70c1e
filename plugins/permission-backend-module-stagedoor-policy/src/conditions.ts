import { catalogConditions } from '@backstage/plugin-catalog-backend/alpha'
import type { PermissionCondition, PermissionCriteria } from '@backstage/plugin-permission-common'

import type { Criteria } from './decide.ts'
import type { When } from './rules.ts'

type CatalogCriteria = PermissionCriteria<PermissionCondition<'catalog-entity'>>

/** Criteria in the catalog's own words, for somebody with these ownership refs. */
export function catalogCriteriaOf(criteria: Criteria, refs: readonly string[]): CatalogCriteria {
  if (criteria.kind === 'when') return conditionsOf(criteria.when, refs)
  if (criteria.kind === 'not') return { not: catalogCriteriaOf(criteria.of, refs) }
  const [first, second] = criteria.of
  const both: [CatalogCriteria, CatalogCriteria] = [catalogCriteriaOf(first, refs), catalogCriteriaOf(second, refs)]
  return criteria.kind === 'any' ? { anyOf: both } : { allOf: both }
}

function conditionsOf({ owner, kinds, annotation }: When, refs: readonly string[]): CatalogCriteria {
  const conditions = [
    owner && catalogConditions.isEntityOwner({ claims: [...refs] }),
    kinds && catalogConditions.isEntityKind({ kinds }),
    annotation &&
      catalogConditions.hasAnnotation({
        annotation: annotation.name,
        ...(annotation.value !== undefined && { value: annotation.value }),
      }),
  ].filter((condition) => condition !== undefined)
  const [first, ...others] = conditions
  if (first === undefined) throw new RangeError('a condition without conditions')
  return others.length === 0 ? first : { allOf: [first, ...others] }
}
