/** The permission rules HAS_AUTH0_ROLE and HAS_AUTH0_CLAIM for the catalog: `backend.add(import('…'))`. */
export { catalogModuleAuth0Rules as default } from './module.ts'
export { auth0Conditions } from './rules.ts'
