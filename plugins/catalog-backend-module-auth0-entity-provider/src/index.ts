/**
 * Auth0's people, roles, organizations and groups in the catalog: `backend.add(import('…'))`.
 *
 * @packageDocumentation
 */
export { auth0EntityProviderFeatures as default } from './module.ts'
export {
  auth0TransformersExtensionPoint,
  type Auth0TransformersExtensionPoint,
  type GroupTransformer,
  type UserTransformer,
} from './entities/transformers.ts'
export type { Auth0Group, GroupKind } from './management/groups.ts'
export type { Auth0User } from './management/rows.ts'
