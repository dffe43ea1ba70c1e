import {
  createPermissionRule,
  type PermissionResourceRef,
  type PermissionRule,
} from '@backstage/plugin-permission-node'
import { ownershipClaims, ownershipRefOf, type OwnershipClaim } from '@stagedoor/assertion-contract'
import { z } from 'zod/v3'

const claimsParameter = z
  .array(z.string())
  .describe("The person's ownership refs; `$ownerRefs` in the RBAC plugin and in `permission.stagedoor`")

/** What a database of the plugin's filters by, where the rule does not depend on the resource. @public */
export type Filters<Query> = { everything: Query; nothing: Query }

/** The permission rule HAS_AUTH0_ROLE for the resources of a plugin: the person has one of these roles. @public */
export function createHasAuth0Role<Ref extends PermissionResourceRef>(
  resourceRef: Ref,
  { everything, nothing }: Filters<Ref['TQuery']>,
): PermissionRule<Ref['TResource'], Ref['TQuery'], Ref['resourceType'], { roles: string[]; claims: string[] }> {
  type Parameters = { roles: string[]; claims: string[] }
  const holds = ({ roles, claims }: Parameters) => holdsOne('roles', roles, claims)
  return createPermissionRule({
    resourceRef,
    name: 'HAS_AUTH0_ROLE',
    description: 'Allow people who have one of these Auth0 roles',
    paramsSchema: z.object({ roles: z.array(z.string()).describe('Names of Auth0 roles'), claims: claimsParameter }),
    apply: (_resource: unknown, parameters: Parameters) => holds(parameters),
    toQuery: (parameters: Parameters) => (holds(parameters) ? everything : nothing),
  })
}

/**
 * The permission rule HAS_AUTH0_CLAIM for the resources of a plugin: a claim of the person has one of these values.
 *
 * @public
 */
export function createHasAuth0Claim<Ref extends PermissionResourceRef>(
  resourceRef: Ref,
  { everything, nothing }: Filters<Ref['TQuery']>,
): PermissionRule<
  Ref['TResource'],
  Ref['TQuery'],
  Ref['resourceType'],
  { claim: OwnershipClaim; values: string[]; claims: string[] }
> {
  type Parameters = { claim: OwnershipClaim; values: string[]; claims: string[] }
  const holds = ({ claim, values, claims }: Parameters) => holdsOne(claim, values, claims)
  return createPermissionRule({
    resourceRef,
    name: 'HAS_AUTH0_CLAIM',
    description: 'Allow people of whom Auth0 says one of these values',
    paramsSchema: z.object({
      claim: z.enum(ownershipClaims).describe('The claim; `ownershipFrom` at sign-in must name it'),
      values: z.array(z.string()).describe('One of them is enough'),
      claims: claimsParameter,
    }),
    apply: (_resource: unknown, parameters: Parameters) => holds(parameters),
    toQuery: (parameters: Parameters) => (holds(parameters) ? everything : nothing),
  })
}

function holdsOne(claim: OwnershipClaim, values: readonly string[], refs: readonly string[]): boolean {
  return values.some((value) => value !== '' && refs.includes(ownershipRefOf(claim, value)))
}
