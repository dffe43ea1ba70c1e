import { catalogEntityPermissionResourceRef } from '@backstage/plugin-catalog-node/alpha'
import { createConditionFactory, type Conditions } from '@backstage/plugin-permission-node'
import { createHasAuth0Claim, createHasAuth0Role } from '@stagedoor/backstage-plugin-stagedoor-node'

/** Each entity has a kind, and none has one of an empty list. */
const filters = { everything: { key: 'kind' }, nothing: { key: 'kind', values: [] } }

export const hasAuth0Role = createHasAuth0Role(catalogEntityPermissionResourceRef, filters)
export const hasAuth0Claim = createHasAuth0Claim(catalogEntityPermissionResourceRef, filters)

/** For policies in code, beside the catalog's own `catalogConditions`. */
export const auth0Conditions: Conditions<{ hasAuth0Role: typeof hasAuth0Role; hasAuth0Claim: typeof hasAuth0Claim }> = {
  hasAuth0Role: createConditionFactory(hasAuth0Role),
  hasAuth0Claim: createConditionFactory(hasAuth0Claim),
}
