import type { Config } from '@backstage/config'
import { InputError } from '@backstage/errors'
import { ownershipRefOf } from '@stagedoor/assertion-contract'
import { z } from 'zod/v4'

import { whenSchema } from './when.ts'

const names = z.array(z.string().min(1)).min(1)

/** Ownership refs are compared as a whole, so a short one would match nobody. */
const fullRef = z.string().regex(/^[^:/]+:[^:/]+\/[^:/]+$/, 'must be a full entity ref, such as user:default/jane')

const ruleSchema = z.strictObject({
  name: z.string().min(1),
  effect: z.enum(['allow', 'deny']).default('allow'),
  who: z
    .strictObject({
      roles: names.optional(),
      groups: names.optional(),
      permissions: names.optional(),
      organizations: names.optional(),
      entityRefs: z.array(fullRef).min(1).optional(),
    })
    .refine((who) => Object.keys(who).length > 0, 'names nobody; leave it out where the rule is about everybody')
    .optional(),
  what: z
    .strictObject({
      names: names.optional(),
      resourceTypes: names.optional(),
      actions: z
        .array(z.enum(['create', 'read', 'update', 'delete', 'use']))
        .min(1)
        .optional(),
    })
    .default({}),
  when: whenSchema.optional(),
})

const policySchema = z.strictObject({
  default: z.enum(['allow', 'deny']).default('deny'),
  dryRun: z.boolean().default(false),
  rules: z.array(ruleSchema).default([]),
})

type RuleConfig = z.infer<typeof ruleSchema>

/** One rule; `owners` are the entity refs of which a person needs one, missing where it is about everybody. */
export type Rule = Pick<RuleConfig, 'name' | 'effect' | 'what' | 'when'> & { owners: readonly string[] | undefined }
export type Policy = { default: 'allow' | 'deny'; dryRun: boolean; rules: readonly Rule[] }

/**
 * The policy of `permission.stagedoor`; without it everything is denied.
 *
 * @throws InputError that names every mistake; Backstage then refuses to start
 */
export function readPolicy(root: Config): Policy {
  const parsed = policySchema.safeParse(root.getOptional('permission.stagedoor') ?? {})
  if (parsed.success) return { ...parsed.data, rules: parsed.data.rules.map(ruleOf) }
  const mistakes = parsed.error.issues.map(
    ({ path, message }) => `${['permission.stagedoor', ...path].join('.')}: ${message}`,
  )
  throw new InputError(`The permission policy cannot be read:\n${mistakes.join('\n')}`)
}

function ruleOf({ who, ...rule }: RuleConfig): Rule {
  return { name: rule.name, effect: rule.effect, what: rule.what, when: rule.when, owners: who && ownersOf(who) }
}

function ownersOf({
  roles = [],
  groups = [],
  permissions = [],
  organizations = [],
  entityRefs = [],
}: NonNullable<RuleConfig['who']>): string[] {
  return [
    ...roles.map((role) => ownershipRefOf('roles', role)),
    ...groups.map((group) => ownershipRefOf('groups', group)),
    ...permissions.map((permission) => ownershipRefOf('permissions', permission)),
    ...organizations.map((id) => ownershipRefOf('org_id', id)),
    ...entityRefs.map((ref) => ref.toLowerCase()),
  ]
}
