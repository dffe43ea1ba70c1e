export interface Config {
  permission?: {
    /** Who may do what, by the roles, groups and permissions that people bring from Auth0. */
    stagedoor?: {
      /** What happens where no rule matches. Default: deny. */
      default?: 'allow' | 'deny'
      /** Refuses nothing, and logs what would be refused. For trying out rules. Default: false. */
      dryRun?: boolean
      /** The first rule that matches decides. */
      rules?: Array<{
        /** For logs and error messages. */
        name: string
        /** Default: allow. */
        effect?: 'allow' | 'deny'
        /** Whom the rule is about; one of all that is named is enough. Left out: everybody who is signed in. */
        who?: {
          roles?: string[]
          groups?: string[]
          /** Auth0 permissions such as `write:catalog`; needs `ownershipFrom: [permissions]` at sign-in. */
          permissions?: string[]
          /** Entity refs, such as `user:default/jane`. */
          entityRefs?: string[]
        }
        /** What the rule is about; all that is given must hold. Left out: every permission. */
        what?: {
          /** Names of permissions, such as `catalog.entity.delete`. */
          names?: string[]
          /** Such as `catalog-entity`. */
          resourceTypes?: string[]
          actions?: Array<'create' | 'read' | 'update' | 'delete' | 'use'>
        }
        /** Only those catalog entities for which all of this holds. Such a rule is about catalog entities alone. */
        when?: {
          /** The person owns the entity, themselves or through a group. */
          owner?: true
          /** Kinds of entities, such as `Component`. */
          kinds?: string[]
          annotation?: { name: string; value?: string }
        }
      }>
    }
  }
}
