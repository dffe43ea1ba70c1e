import type { Config } from '@backstage/config'
import { InputError, NotAllowedError } from '@backstage/errors'
import type { SignInResolver, SignInResolverFactory } from '@backstage/plugin-auth-node'

import type { StagedoorIdentity } from './assertion.ts'

type Resolver = SignInResolver<StagedoorIdentity>
type ResolverFactories = Record<string, SignInResolverFactory>

/**
 * The sign-in resolver that `signIn.resolvers` declares. Backstage's own reader answers 500 when none of them finds a
 * user; this one answers 403 and says what to do.
 *
 * @throws InputError where no resolver is declared, or one that does not exist; Backstage then refuses to start
 */
export function readSignInResolver(config: Config, factories: ResolverFactories): Resolver {
  const declared = config.getOptionalConfigArray('signIn.resolvers') ?? []
  if (declared.length === 0) {
    throw new InputError(`auth.providers.stagedoor.signIn.resolvers is empty; name one of: ${namesOf(factories)}`)
  }
  return firstMatch(declared.map((entry) => readResolver(entry, factories)))
}

function readResolver(entry: Config, factories: ResolverFactories): Resolver {
  const name = entry.getString('resolver')
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined
  if (factory === undefined) throw new InputError(`No sign-in resolver "${name}"; there are: ${namesOf(factories)}`)
  const { resolver: _name, ...options } = entry.get<Record<string, unknown>>()
  return factory(Object.keys(options).length > 0 ? options : undefined)
}

/** Asks one resolver after the other; only "no such user" (NotFoundError) leaves it to the next. */
function firstMatch(resolvers: readonly Resolver[]): Resolver {
  return async (info, context) => {
    for (const resolver of resolvers) {
      try {
        return await resolver(info, context)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    throw unknownUser(info.result.claims.sub)
  }
}

export function isNotFound(error: unknown): boolean {
  return hasName(error, 'NotFoundError')
}

/** By name, as Backstage does: the error may come from another copy of `@backstage/errors`. */
export function hasName(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}

function unknownUser(subject: string): NotAllowedError {
  return new NotAllowedError(
    `You are signed in as ${subject}, but Backstage has no user for you. Ask the administrators of this Backstage to add ` +
      `a User entity with the annotation "auth0.com/user-id: ${subject}" to the catalog, then reload this page.`,
  )
}

function namesOf(factories: ResolverFactories): string {
  return Object.keys(factories).join(', ')
}
