/** The scaffolder action `auth0:identity`: `backend.add(import('…'))`. */
export { scaffolderModuleAuth0 as default } from './module.ts'
