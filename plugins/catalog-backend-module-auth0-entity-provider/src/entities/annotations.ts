import { ANNOTATION_LOCATION, ANNOTATION_ORIGIN_LOCATION } from '@backstage/catalog-model'

/** The catalog's name for what one provider brings: location and location key of all its entities. */
export function locationOf(providerId: string): string {
  return `auth0-entity-provider:${providerId}`
}

export function locationAnnotations(providerId: string): Record<string, string> {
  const location = locationOf(providerId)
  return { [ANNOTATION_LOCATION]: location, [ANNOTATION_ORIGIN_LOCATION]: location }
}

/** On Groups: which role, group or organization of Auth0 it is. */
export const groupIdAnnotations = {
  role: 'auth0.com/role-id',
  group: 'auth0.com/group-id',
  organization: 'auth0.com/organization-id',
} as const
