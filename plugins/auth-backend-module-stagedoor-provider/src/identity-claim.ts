import { DEFAULT_NAMESPACE, parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model'
import type { AuthResolverContext, SignInResolver, SignInResolverFactory } from '@backstage/plugin-auth-node'
import { auth0IdentityClaim, auth0IdentityOf, type Auth0Identity } from '@stagedoor/assertion-contract'

import type { StagedoorIdentity } from './assertion.ts'
import { isNotFound } from './sign-in.ts'

type TokenParams = Parameters<AuthResolverContext['issueToken']>[0]

/**
 * The same resolver, but whatever token it issues also keeps the person's Auth0 identity, from which the service
 * `auth0IdentityServiceRef` gives it to backend plugins.
 *
 * @public
 */
export function withAuth0Identity(resolver: SignInResolver<StagedoorIdentity>): SignInResolver<StagedoorIdentity> {
  return async (info, context) => resolver(info, contextWith(context, auth0IdentityOf(info.result.claims)))
}

/** The same factory, but its resolvers keep the identity by themselves, whoever reads `signIn.resolvers`. */
export function keepingAuth0Identity<Options>(
  factory: SignInResolverFactory<StagedoorIdentity, Options>,
): SignInResolverFactory<StagedoorIdentity, Options> {
  const wrapped: SignInResolverFactory<StagedoorIdentity, Options> = (...options) =>
    withAuth0Identity(factory(...options))
  return Object.assign(wrapped, { optionsJsonSchema: factory.optionsJsonSchema })
}

function contextWith(context: AuthResolverContext, identity: Auth0Identity): AuthResolverContext {
  const issueToken = async ({ claims }: TokenParams) =>
    context.issueToken({ claims: { ...claims, [auth0IdentityClaim]: identity } })

  return {
    issueToken,
    findCatalogUser: async (query) => context.findCatalogUser(query),
    resolveOwnershipEntityRefs: async (entity) => context.resolveOwnershipEntityRefs(entity),
    /** As Backstage's own, which takes no further claims. */
    async signInWithCatalogUser(query, options) {
      try {
        const { entity } = await context.findCatalogUser(query)
        const { ownershipEntityRefs } = await context.resolveOwnershipEntityRefs(entity)
        return await issueToken({ claims: { sub: stringifyEntityRef(entity), ent: ownershipEntityRefs } })
      } catch (error) {
        const fallback = options?.dangerousEntityRefFallback
        if (fallback === undefined || !isNotFound(error)) throw error
        const defaults = { defaultKind: 'User', defaultNamespace: DEFAULT_NAMESPACE }
        const sub = stringifyEntityRef(parseEntityRef(fallback.entityRef, defaults))
        return issueToken({ claims: { sub, ent: [sub] } })
      }
    },
  }
}
