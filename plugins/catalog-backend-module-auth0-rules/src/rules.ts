import { catalogEntityPermissionResourceRef } from '@backstage/plugin-catalog-node/alpha'
import { createConditionFactory, type Conditions, type PermissionRule } from '@backstage/plugin-permission-node'
import {
  createHasAuth0Claim,
  createHasAuth0Role,
  type OwnershipClaim,
} from '@stagedoor/backstage-plugin-stagedoor-node'

/** Each entity has a kind, and none has one of an empty list. */
const filters = { everything: { key: 'kind' }, nothing: { key: 'kind', values: [] } }

/** The rules of this module, with their parameters. `claims` are the person's ownership refs. @public */
export type Auth0Rules = {
  hasAuth0Role: PermissionRule<unknown, unknown, 'catalog-entity', { roles: string[]; claims: string[] }>
  hasAuth0Claim: PermissionRule<
    unknown,
    unknown,
    'catalog-entity',
    { claim: OwnershipClaim; values: string[]; claims: string[] }
  >
}

export const auth0Rules: Auth0Rules = {
  hasAuth0Role: createHasAuth0Role(catalogEntityPermissionResourceRef, filters),
  hasAuth0Claim: createHasAuth0Claim(catalogEntityPermissionResourceRef, filters),
}

/** For policies in code, beside the catalog's own `catalogConditions`. @public */
export const auth0Conditions: Conditions<Auth0Rules> = {
  hasAuth0Role: createConditionFactory(auth0Rules.hasAuth0Role),
  hasAuth0Claim: createConditionFactory(auth0Rules.hasAuth0Claim),
}
