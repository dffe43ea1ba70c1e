/**
 * The scaffolder action `auth0:identity`: `backend.add(import('…'))`.
 *
 * @packageDocumentation
 */
export { scaffolderModuleAuth0 as default } from './module.ts'
