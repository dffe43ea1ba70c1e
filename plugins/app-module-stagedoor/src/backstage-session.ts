type Profile = { email?: string; displayName?: string; picture?: string }
type UserIdentity = { type: 'user'; userEntityRef: string; ownershipEntityRefs: string[] }

/** What the auth backend's `stagedoor/refresh` answers. */
export type BackstageSession = { token: string; identity: UserIdentity; profile: Profile }

/** @throws TypeError where the answer is not that of a Backstage proxy provider */
export function parseBackstageSession(body: unknown): BackstageSession {
  const { backstageIdentity, profile } = objectOf(body)
  const { token, identity } = objectOf(backstageIdentity)
  const { userEntityRef, ownershipEntityRefs } = objectOf(identity)
  if (typeof token !== 'string' || typeof userEntityRef !== 'string') throw unreadable()
  const refs = Array.isArray(ownershipEntityRefs) ? ownershipEntityRefs.filter((ref) => typeof ref === 'string') : []
  return {
    token,
    identity: { type: 'user', userEntityRef, ownershipEntityRefs: refs },
    profile: profileOf(objectOf(profile)),
  }
}

function profileOf({ email, displayName, picture }: Record<string, unknown>): Profile {
  return {
    ...(typeof email === 'string' && { email }),
    ...(typeof displayName === 'string' && { displayName }),
    ...(typeof picture === 'string' && { picture }),
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw unreadable()
  return value as Record<string, unknown>
}

function unreadable(): TypeError {
  return new TypeError('The answer of /api/auth/stagedoor/refresh is not that of a sign-in provider')
}
