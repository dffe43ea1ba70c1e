/** Backstage sign-in by Stagedoor's signed identity header: `backend.add(import('…'))`. */
export { authModuleStagedoorProvider as default } from './module.ts'
export { stagedoorSignInResolvers } from './resolvers.ts'
export type { StagedoorIdentity } from './assertion.ts'
