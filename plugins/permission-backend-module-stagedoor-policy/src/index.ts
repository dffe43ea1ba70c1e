/** Backstage permissions by configuration, from Auth0 roles, groups and permissions: `backend.add(import('…'))`. */
export { permissionModuleStagedoorPolicy as default } from './module.ts'
