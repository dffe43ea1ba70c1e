/**
 * Backstage sign-in by Stagedoor's signed identity header: `backend.add(import('…'))`.
 *
 * @packageDocumentation
 */
export { authModuleStagedoorProvider as default } from './module.ts'
export { createStagedoorAuthenticator } from './authenticator.ts'
export { withAuth0Identity } from './identity-claim.ts'
export { stagedoorSignInResolvers, type NameOptions, type OwnershipOptions } from './resolvers.ts'
export type { StagedoorIdentity } from './assertion.ts'
