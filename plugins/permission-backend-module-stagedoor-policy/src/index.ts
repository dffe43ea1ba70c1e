/**
 * Backstage permissions by configuration, from Auth0 roles, groups and permissions: `backend.add(import('…'))`.
 *
 * @packageDocumentation
 */
export { permissionModuleStagedoorPolicy as default } from './module.ts'
export { stagedoorPolicyExtensionPoint, type StagedoorPolicyExtensionPoint } from './extension-point.ts'
export { StagedoorPermissionPolicy, type StagedoorPolicyOptions } from './policy.ts'
