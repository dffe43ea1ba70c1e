import { createExtensionPoint } from '@backstage/backend-plugin-api'
import type { GroupEntity, UserEntity } from '@backstage/catalog-model'

import type { Auth0Group } from '../management/groups.ts'
import type { Auth0User } from '../management/rows.ts'

/** Changes the User that would be provided, or leaves it out by giving nothing. @public */
export type UserTransformer = (entity: UserEntity, user: Auth0User) => Promise<UserEntity | undefined>
/** Changes the Group that would be provided, or leaves it out (and nobody is a member of it). @public */
export type GroupTransformer = (entity: GroupEntity, group: Auth0Group) => Promise<GroupEntity | undefined>

export type Transformers = { user: UserTransformer; group: GroupTransformer }

/** For modules of the catalog plugin that change what is made of Auth0's people and groups. @public */
export type Auth0TransformersExtensionPoint = {
  /** @throws where another module has set one */
  setUserTransformer: (transformer: UserTransformer) => void
  /** @throws where another module has set one */
  setGroupTransformer: (transformer: GroupTransformer) => void
}

/** Takes the transformers of a module of the catalog plugin. @public */
export const auth0TransformersExtensionPoint = createExtensionPoint<Auth0TransformersExtensionPoint>({
  id: 'catalog.stagedoor.auth0-transformers',
})

/** The transformers that modules have set; without one the entity stays as it is. */
export function createTransformers(): { transformers: Transformers; extensionPoint: Auth0TransformersExtensionPoint } {
  const set: Partial<Transformers> = {}
  const transformers: Transformers = {
    user: async (entity, user) => (set.user ? set.user(entity, user) : entity),
    group: async (entity, group) => (set.group ? set.group(entity, group) : entity),
  }
  const extensionPoint: Auth0TransformersExtensionPoint = {
    setUserTransformer(transformer) {
      if (set.user) throw new Error('a transformer of Auth0 users is set already')
      set.user = transformer
    },
    setGroupTransformer(transformer) {
      if (set.group) throw new Error('a transformer of Auth0 groups is set already')
      set.group = transformer
    },
  }
  return { transformers, extensionPoint }
}
