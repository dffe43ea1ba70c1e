export interface Config {
  permission?: {
    /** Permissions of people by their roles, groups and permissions at Auth0. */
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
        /** The people of the rule; one of all values is enough. Without it: everybody who is signed in. */
        who?: {
          roles?: string[]
          groups?: string[]
          /** Auth0 permissions such as `write:catalog`; needs `ownershipFrom: [permissions]` at sign-in. */
          permissions?: string[]
          /** Ids of Auth0 organizations; needs `ownershipFrom: [org_id]` at sign-in. */
          organizations?: string[]
          /** Entity refs, such as `user:default/jane`. */
          entityRefs?: string[]
        }
        /** The permissions of the rule; each condition that is given must match. Without it: every permission. */
        what?: {
          /** Names of permissions, such as `catalog.entity.delete`. */
          names?: string[]
          /** Such as `catalog-entity`. */
          resourceTypes?: string[]
          actions?: Array<'create' | 'read' | 'update' | 'delete' | 'use'>
        }
        /**
         * Only those resources for which all of this holds. Such a rule is about resources of one type alone, so what
         * stands here must be about the same type.
         */
        when?: {
          /** Catalog: the person owns the entity, themselves or through a group. */
          owner?: true
          /** Catalog: kinds of entities, such as `Component`. */
          kinds?: string[]
          /** Catalog: the entity has this annotation. */
          annotation?: { name: string; value?: string }
          /** Scaffolder: the template's step or parameter has this tag in `backstage:permissions`. */
          tag?: string
          /** Scaffolder: the action, such as `publish:github`. */
          actionId?: string
          /** Scaffolder: the person started the task. */
          startedBySelf?: true
          /** Any plugin: one of its own permission rules. */
          condition?: {
            pluginId: string
            /** The resource type that the plugin's rule is about. */
            resourceType: string
            /** The rule's name, such as `HAS_TAG`. */
            rule: string
            /** `$ownerRefs` in a list stands for what the person owns, `$currentUser` for their entity ref. */
            params?: object
          }
        }
      }>
    }
  }
}
