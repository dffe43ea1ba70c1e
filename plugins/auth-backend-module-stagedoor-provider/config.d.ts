export interface Config {
  auth?: {
    providers?: {
      /** Sign-in by the identity header that Stagedoor signs. */
      stagedoor?: {
        /** Stagedoor's public base URL (`server.baseUrl`); must equal the assertion's `iss` to the letter. */
        issuer: string
        /** The assertion's `aud` (`assertion.audience`). Default: `urn:stagedoor:backstage`. */
        audience?: string
        /**
         * Where Stagedoor's public keys are read. Default: `<issuer>/.stagedoor/jwks.json`. Set it to an address inside the
         * cluster where Backstage cannot reach the public one.
         */
        jwksUri?: string
        /** Left out where a module of your own gives the resolver in code. */
        signIn?: {
          /** Tried in order; one that finds no user leaves it to the next, and where none does the answer is 403. */
          resolvers: Array<
            | {
                resolver: 'auth0IdMatchingUserEntityAnnotation' | 'verifiedEmailMatchingUserEntityProfileEmail'
                /**
                 * The claims whose values become owned groups, `group:default/<name>`, beside those of the catalog. With
                 * `roles`, a change of roles in Auth0 counts from the next refresh on, not from the next import.
                 * Default: none.
                 */
                ownershipFrom?: Array<'roles' | 'groups' | 'permissions' | 'org_id'>
              }
            | {
                resolver: 'claimsWithoutCatalogUser'
                /** The claim that names the user entity. Default: `sub`, the only one that nobody can choose. */
                nameFrom?: 'sub' | 'email' | 'preferred_username'
                /** The claims whose values become owned groups, `group:default/<name>`. Default: roles and groups. */
                ownershipFrom?: Array<'roles' | 'groups' | 'permissions' | 'org_id'>
              }
            | {
                /** Backstage's own, which every provider has. They need a verified address. */
                resolver: 'emailMatchingUserEntityProfileEmail' | 'emailLocalPartMatchingUserEntityName'
                /** Only addresses of these domains. */
                allowedDomains?: string[]
                /** Signs in people whom the catalog does not know, by a name made from their address. Default: false. */
                dangerouslyAllowSignInWithoutUserInCatalog?: boolean
              }
            | {
                /**
                 * One of a module of your own (`signInResolverFactories`), with its options.
                 * @pattern ^(?!(auth0IdMatchingUserEntityAnnotation|verifiedEmailMatchingUserEntityProfileEmail|claimsWithoutCatalogUser|emailMatchingUserEntityProfileEmail|emailLocalPartMatchingUserEntityName)$)
                 */
                resolver: string
              }
          >
        }
      }
    }
  }
}
