import type { CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome } from './check.ts'

export const claimsCheck: Check = {
  id: 'auth0-claims',
  title: 'roles and groups are read from claims that Auth0 keeps',
  severity: 'warning',
  meaning: 'Auth0 drops these claims from tokens, so every person has an empty list.',
  run: checkClaims,
}

/** Auth0 drops custom claims with a reserved name, such as `roles` and `groups`, unless they have a namespace. */
async function checkClaims({ config: { auth0 } }: CheckContext): Promise<Outcome> {
  if (!new URL(auth0.issuer).hostname.endsWith('.auth0.com')) return nothingToAsk
  const { roles, groups } = auth0.claims
  const plain = Object.entries({ roles, groups }).filter(([, names]) => names.every((name) => !name.includes('://')))
  return plain.map(([kind, names]) => ({
    found: `auth0.claims.${kind} names ${names.join(', ')} only`,
    fix: `Set a claim such as https://example.com/${kind} in a post-login Action, and name it in auth0.claims.${kind}.`,
  }))
}
