import type { LoggerService, UserInfoService } from '@backstage/backend-plugin-api'
import { createCatalogConditionalDecision } from '@backstage/plugin-catalog-backend/alpha'
import { AuthorizeResult, isResourcePermission, type PolicyDecision } from '@backstage/plugin-permission-common'
import type { PermissionPolicy, PolicyQuery, PolicyQueryUser } from '@backstage/plugin-permission-node'

import { catalogCriteriaOf } from './conditions.ts'
import { catalogResourceType, decide, type Decision } from './decide.ts'
import type { Policy } from './rules.ts'

/** What was told already is not told again until so many other things were. */
const maxTold = 10_000

/** Backstage's permission policy: asks the rules, and in a dry run allows whatever they say. */
export function createStagedoorPolicy(
  policy: Policy,
  userInfo: UserInfoService,
  logger: LoggerService,
): PermissionPolicy {
  const told = new Set<string>()

  function tell(who: string, permission: string, decision: Decision): void {
    const by =
      decision.rules.length > 0 ? `rule ${decision.rules.map((rule) => `"${rule}"`).join(', ')}` : 'the default'
    const limits = decision.effect === 'deny' ? 'would be refused' : 'would be limited to some entities'
    const line = `Dry run: ${permission} for ${who} ${limits} by ${by}`
    if (told.has(line)) return
    if (told.size >= maxTold) told.clear()
    told.add(line)
    logger.warn(line)
  }

  return {
    async handle({ permission }: PolicyQuery, user?: PolicyQueryUser): Promise<PolicyDecision> {
      const info = user && (await userInfo.getUserInfo(user.credentials))
      const refs = info && [...new Set([info.userEntityRef, ...info.ownershipEntityRefs])]
      const isResource = isResourcePermission(permission)
      const decision = decide(policy, {
        name: permission.name,
        resourceType: isResource ? permission.resourceType : undefined,
        action: permission.attributes.action,
        refs,
      })
      const who = info?.userEntityRef ?? 'somebody who is not signed in'
      logger.debug(`${permission.name} for ${who}: ${decision.effect} by ${decision.rules.join(', ') || 'the default'}`)
      if (decision.effect === 'allow') return { result: AuthorizeResult.ALLOW }
      if (policy.dryRun) {
        tell(who, permission.name, decision)
        return { result: AuthorizeResult.ALLOW }
      }
      if (decision.effect !== 'conditional' || !isResourcePermission(permission, catalogResourceType)) {
        return { result: AuthorizeResult.DENY }
      }
      return createCatalogConditionalDecision(permission, catalogCriteriaOf(decision.criteria, refs ?? []))
    },
  }
}
