/**
 * The permission rules HAS_AUTH0_ROLE and HAS_AUTH0_CLAIM for the catalog: `backend.add(import('…'))`.
 *
 * @packageDocumentation
 */
export { catalogModuleAuth0Rules as default } from './module.ts'
export { auth0Conditions, type Auth0Rules } from './rules.ts'
