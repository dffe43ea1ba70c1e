import { createBackendFeatureLoader } from '@backstage/backend-plugin-api'

import { eventsModuleAuth0Webhook } from './events-module.ts'
import { catalogModuleAuth0EntityProvider } from './module.ts'

/** Auth0's people, roles, organizations and groups in the catalog: `backend.add(import('…'))`. */
export default createBackendFeatureLoader({
  loader: () => [catalogModuleAuth0EntityProvider, eventsModuleAuth0Webhook],
})

export {
  auth0TransformersExtensionPoint,
  type Auth0TransformersExtensionPoint,
  type GroupTransformer,
  type UserTransformer,
} from './entities/transformers.ts'
export type { Auth0Group, GroupKind } from './management/groups.ts'
export type { Auth0User } from './management/rows.ts'
