import type { AuthService } from '@backstage/backend-plugin-api'
import { ANNOTATION_LOCATION, stringifyEntityRef, type Entity } from '@backstage/catalog-model'
import type { CatalogService } from '@backstage/plugin-catalog-node'
import { auth0UserIdAnnotation } from '@stagedoor/assertion-contract'

import { groupIdAnnotations, locationOf } from '../entities/annotations.ts'
import { ownerText, type Owner } from '../entities/owner.ts'
import { groupKinds } from '../management/groups.ts'

/** An entity that this provider has put into the catalog. */
type ExistingEntity = { ref: string; owner: string }

/** What the catalog holds already of what this provider brings. */
export type ExistingEntities = {
  all: () => AsyncGenerator<ExistingEntity[]>
  /** Those of them that are Groups. */
  groups: () => AsyncGenerator<ExistingEntity[]>
  of: (owner: Owner) => Promise<ExistingEntity[]>
  byRef: (ref: string) => Promise<ExistingEntity | undefined>
}

const perPage = 1_000
const fields = ['kind', 'metadata.name', 'metadata.namespace', 'metadata.annotations']

export function createExistingEntities(
  catalog: CatalogService,
  auth: Pick<AuthService, 'getOwnServiceCredentials'>,
  providerId: string,
): ExistingEntities {
  const ours = { [`metadata.annotations.${ANNOTATION_LOCATION}`]: locationOf(providerId) }
  const credentials = () => auth.getOwnServiceCredentials()

  async function* pagesOf(filter: Record<string, string>) {
    let cursor: string | undefined
    do {
      const request = cursor === undefined ? { filter, fields, limit: perPage } : { cursor, fields, limit: perPage }
      const { items, pageInfo } = await catalog.queryEntities(request, { credentials: await credentials() })
      yield items.flatMap(existingOf)
      cursor = pageInfo.nextCursor
    } while (cursor !== undefined)
  }

  return {
    all: () => pagesOf(ours),
    groups: () => pagesOf({ ...ours, kind: 'Group' }),
    async of(owner) {
      const filter = { ...ours, [`metadata.annotations.${annotationOf(owner)}`]: owner.id }
      const { items } = await catalog.getEntities({ filter, fields }, { credentials: await credentials() })
      // The search index compares without case.
      return items.flatMap(existingOf).filter((entity) => entity.owner === ownerText(owner))
    },
    async byRef(ref) {
      const entity = await catalog.getEntityByRef(ref, { credentials: await credentials() })
      const isOurs = entity?.metadata.annotations?.[ANNOTATION_LOCATION] === locationOf(providerId)
      return entity && isOurs ? existingOf(entity)[0] : undefined
    },
  }
}

function existingOf(entity: Entity): ExistingEntity[] {
  const annotations = entity.metadata.annotations ?? {}
  const ref = stringifyEntityRef(entity)
  for (const kind of ['user', ...groupKinds] as const) {
    const id = annotations[annotationOf({ kind })]
    if (id !== undefined) return [{ ref, owner: ownerText({ kind, id }) }]
  }
  return []
}

function annotationOf({ kind }: Pick<Owner, 'kind'>): string {
  return kind === 'user' ? auth0UserIdAnnotation : groupIdAnnotations[kind]
}
