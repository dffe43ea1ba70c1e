import { NotAllowedError } from '@backstage/errors'
import { commonSignInResolvers, type SignInResolverFactory } from '@backstage/plugin-auth-node'

import { keepingAuth0Identity } from './identity-claim.ts'

/** Backstage's own sign-in resolvers, by the names they have in every provider. All go by the e-mail address. */
export const backstageSignInResolvers: Record<string, SignInResolverFactory> = Object.fromEntries(
  Object.entries(commonSignInResolvers).map(([name, factory]) => [
    name,
    keepingAuth0Identity(forVerifiedEmail(factory)),
  ]),
)

/** The profile has an address only if Auth0 says that the person owns it. Without one, Backstage's resolvers answer 500. */
function forVerifiedEmail(factory: SignInResolverFactory): SignInResolverFactory {
  const wrapped: SignInResolverFactory = (...options) => {
    const resolver = factory(...options)
    return async (info, context) => {
      if (info.profile.email !== undefined) return resolver(info, context)
      throw new NotAllowedError(
        'Your login has no verified e-mail address. Follow the link in the verification mail, then sign in again.',
      )
    }
  }
  return Object.assign(wrapped, { optionsJsonSchema: factory.optionsJsonSchema })
}
