/**
 * For backend plugins and permission policies: who somebody is by Auth0.
 *
 * @packageDocumentation
 */
export {
  hasClaim as hasAuth0Claim,
  hasRole as hasAuth0Role,
  ownershipRefOf,
  type Auth0Identity,
  type OwnershipClaim,
} from '@stagedoor/assertion-contract'
export { auth0IdentityServiceRef, type Auth0IdentityService } from './identity-service.ts'
export { createHasAuth0Claim, createHasAuth0Role, type Filters } from './permission-rules.ts'
