import { NotAllowedError } from '@backstage/errors'
import { createTemplateAction } from '@backstage/plugin-scaffolder-node'
import { hasAuth0Role, type Auth0IdentityService } from '@stagedoor/backstage-plugin-stagedoor-node'

/** Gives the steps after it the person's roles and claims; with `requireRole` it ends the task for people without one. */
export function createIdentityAction(identities: Auth0IdentityService) {
  return createTemplateAction({
    id: 'auth0:identity',
    description: 'The Auth0 roles, groups, permissions and claims of the person who runs the template',
    supportsDryRun: true,
    schema: {
      input: {
        requireRole: (z) => z.array(z.string()).describe('The task fails for people who have none of these').optional(),
      },
      output: {
        roles: (z) => z.array(z.string()).describe('Names of Auth0 roles'),
        groups: (z) => z.array(z.string()).describe('Names of groups'),
        permissions: (z) => z.array(z.string()).describe('Names of Auth0 permissions'),
        claims: (z) => z.record(z.any()).describe('All claims about the person, such as `org_id`'),
      },
    },
    async handler(context) {
      const identity = await identities.getIdentity(await context.getInitiatorCredentials())
      const { requireRole } = context.input
      if (requireRole !== undefined && !hasAuth0Role(identity, requireRole)) {
        throw new NotAllowedError(`This needs one of the roles ${requireRole.join(', ')}`)
      }
      context.output('roles', identity.roles)
      context.output('groups', identity.groups)
      context.output('permissions', identity.permissions)
      context.output('claims', { ...identity })
    },
  })
}
