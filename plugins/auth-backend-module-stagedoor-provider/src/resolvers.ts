import { ConflictError, NotAllowedError, NotFoundError } from '@backstage/errors'
import {
  createSignInResolverFactory,
  type AuthResolverContext,
  type AuthResolverCatalogUserQuery,
  type SignInResolverFactory,
} from '@backstage/plugin-auth-node'
import {
  auth0RoleGroupsAnnotation,
  auth0UserIdAnnotation,
  entityNameOf,
  ownershipClaims,
  type AssertionClaims,
  type OwnershipClaim,
} from '@stagedoor/assertion-contract'
import { z } from 'zod/v3'

import type { StagedoorIdentity } from './assertion.ts'
import { backstageSignInResolvers } from './backstage-resolvers.ts'
import { entityClaimsOf, ownershipOf } from './entity-claims.ts'
import { keepingAuth0Identity } from './identity-claim.ts'
import { hasName, isNotFound } from './sign-in.ts'

const bothClaims: OwnershipClaim[] = ['roles', 'groups']

type User = Awaited<ReturnType<AuthResolverContext['findCatalogUser']>>['entity']

const catalogUserOptions = z
  .object({ ownershipFrom: z.array(z.enum(ownershipClaims)).optional() })
  .strict()
  .optional()

/** The catalog user whose annotation `auth0.com/user-id` is the Auth0 user id, to the letter. */
const auth0IdMatchingUserEntityAnnotation = createSignInResolverFactory({
  optionsSchema: catalogUserOptions,
  create({ ownershipFrom = [] } = {}) {
    return async ({ result: { claims } }: { result: StagedoorIdentity }, context: AuthResolverContext) => {
      const user = await findByAuth0Id(context, claims.sub)
      return signIn(context, user, claims, ownershipFrom)
    }
  },
})

/** The catalog user with this e-mail address, if Auth0 says that the person has proved to own it. */
const verifiedEmailMatchingUserEntityProfileEmail = createSignInResolverFactory({
  optionsSchema: catalogUserOptions,
  create({ ownershipFrom = [] } = {}) {
    return async ({ result: { claims } }: { result: StagedoorIdentity }, context: AuthResolverContext) => {
      const email = verifiedEmailOf(claims)
      const query = { filter: { 'spec.profile.email': email } }
      const user = await findUser(context, query, (found) => isSameAddress(profileEmailOf(found), email))
      return signIn(context, user, claims, ownershipFrom)
    }
  },
})

/** No catalog user is needed: the name comes from a claim, ownership from roles and groups. */
const claimsWithoutCatalogUser = createSignInResolverFactory({
  optionsSchema: z
    .object({
      nameFrom: z.enum(['sub', 'email', 'preferred_username']).optional(),
      ownershipFrom: z.array(z.enum(ownershipClaims)).optional(),
    })
    .strict()
    .optional(),
  create({ nameFrom = 'sub', ownershipFrom = bothClaims } = {}) {
    return async ({ result: { claims } }: { result: StagedoorIdentity }, context: AuthResolverContext) => {
      const name = nameFrom === 'email' ? verifiedEmailOf(claims) : claims[nameFrom]
      if (!name) throw new NotFoundError(`The assertion has no claim ${nameFrom}`)
      return context.issueToken({ claims: entityClaimsOf(name, claims, ownershipFrom) })
    }
  },
})

/** What `ownershipFrom` may say beside a resolver: the claims whose values the person owns. @public */
export type OwnershipOptions = { ownershipFrom?: OwnershipClaim[] | undefined }

/** Where `claimsWithoutCatalogUser` takes the person's name from. @public */
export type NameOptions = { nameFrom?: 'sub' | 'email' | 'preferred_username' | undefined }

/**
 * What `signIn.resolvers` may name: ours, and those that Backstage has for every provider. Each keeps the person's Auth0
 * identity, whoever reads the configuration.
 *
 * @public
 */
export const stagedoorSignInResolvers: {
  auth0IdMatchingUserEntityAnnotation: SignInResolverFactory<StagedoorIdentity, OwnershipOptions | undefined>
  verifiedEmailMatchingUserEntityProfileEmail: SignInResolverFactory<StagedoorIdentity, OwnershipOptions | undefined>
  claimsWithoutCatalogUser: SignInResolverFactory<StagedoorIdentity, (OwnershipOptions & NameOptions) | undefined>
} = {
  ...backstageSignInResolvers,
  auth0IdMatchingUserEntityAnnotation: keepingAuth0Identity(auth0IdMatchingUserEntityAnnotation),
  verifiedEmailMatchingUserEntityProfileEmail: keepingAuth0Identity(verifiedEmailMatchingUserEntityProfileEmail),
  claimsWithoutCatalogUser: keepingAuth0Identity(claimsWithoutCatalogUser),
}

/**
 * The one user that the query finds, if `isThatUser` agrees: the catalog's search index lower-cases what it compares, so
 * a hit alone proves too little.
 */
async function findUser(
  context: AuthResolverContext,
  query: AuthResolverCatalogUserQuery,
  isThatUser: (user: User) => boolean,
): Promise<User> {
  const { entity } = await context.findCatalogUser(query)
  if (!isThatUser(entity)) throw new NotFoundError('The catalog user found differs from the one asked for')
  return entity
}

/**
 * The search index takes ids that differ in case only for one; the name that the catalog module gives by default tells them apart.
 *
 * @throws ConflictError where that finds nobody: Backstage's own does not say who is there twice
 */
async function findByAuth0Id(context: AuthResolverContext, id: string): Promise<User> {
  const isThatUser = (user: User) => annotationsOf(user)[auth0UserIdAnnotation] === id
  const name = entityNameOf(id)
  try {
    return await findUser(context, { annotations: { [auth0UserIdAnnotation]: id } }, isThatUser)
  } catch (error) {
    if (!hasName(error, 'ConflictError')) throw error
  }
  try {
    return await findUser(context, { entityRef: { name } }, isThatUser)
  } catch (error) {
    if (!isNotFound(error)) throw error
    throw new ConflictError(
      `The catalog has several User entities with the annotation "${auth0UserIdAnnotation}: ${id}", compared without case. ` +
        `Ask the administrators of this Backstage to leave one, or to name yours ${name}.`,
    )
  }
}

/** Signs in a catalog user, who owns what the catalog says and, where configured, what the claims say. */
async function signIn(
  context: AuthResolverContext,
  user: User,
  claims: AssertionClaims,
  ownershipFrom: readonly OwnershipClaim[],
) {
  const { namespace = 'default', name } = user.metadata
  const entityRef = { kind: user.kind, namespace, name }
  if (ownershipFrom.length === 0) return context.signInWithCatalogUser({ entityRef })
  const { ownershipEntityRefs: catalogRefs } = await context.resolveOwnershipEntityRefs(user)
  const catalogRoleRefs = annotationsOf(user)[auth0RoleGroupsAnnotation]?.split(' ') ?? []
  const ent = ownershipOf({ catalogRefs, catalogRoleRefs }, claims, ownershipFrom)
  return context.issueToken({ claims: { sub: `${user.kind}:${namespace}/${name}`.toLowerCase(), ent } })
}

function annotationsOf(user: User): Record<string, string> {
  return user.metadata.annotations ?? {}
}

/** @throws NotAllowedError where the address is not verified: naming the cause beats "no such user" */
function verifiedEmailOf(claims: AssertionClaims): string {
  if (!claims.email) throw new NotFoundError('The assertion has no e-mail address')
  if (claims.email_verified === true) return claims.email
  throw new NotAllowedError(
    'Your e-mail address is not verified. Follow the link in the verification mail, then sign in again.',
  )
}

function profileEmailOf(user: User): string | undefined {
  const profile = user.spec?.profile
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) return undefined
  return typeof profile.email === 'string' ? profile.email : undefined
}

/** Auth0 stores addresses in lower case; catalogs spell them as people do. */
function isSameAddress(left: string | undefined, right: string): boolean {
  return left?.toLowerCase() === right.toLowerCase()
}
