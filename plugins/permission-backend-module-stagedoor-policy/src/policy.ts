import type { LoggerService, UserInfoService } from '@backstage/backend-plugin-api'
import type { Config } from '@backstage/config'
import { AuthorizeResult, isResourcePermission, type PolicyDecision } from '@backstage/plugin-permission-common'
import type { PermissionPolicy, PolicyQuery, PolicyQueryUser } from '@backstage/plugin-permission-node'

import { backstageCriteriaOf, type Person } from './conditions.ts'
import { decide, type Decision } from './decide.ts'
import { createDryRunLog, type DryRunLog } from './dry-run.ts'
import { readPolicy, type Policy } from './rules.ts'

/** What the policy works with. @public */
export type StagedoorPolicyOptions = {
  /** Backstage's root configuration with `permission.stagedoor`. */
  config: Config
  userInfo: UserInfoService
  logger: LoggerService
  /** Decides where no rule matches, in place of `permission.stagedoor.default`. */
  next?: PermissionPolicy
}

type Answer = { decision: Decision; pluginId?: string }

/**
 * Backstage's permission policy by the rules of `permission.stagedoor`. Another policy may call it, and it may call another
 * one where no rule matches.
 *
 * @public
 */
export class StagedoorPermissionPolicy implements PermissionPolicy {
  readonly #policy: Policy
  readonly #options: StagedoorPolicyOptions
  readonly #dryRunLog: DryRunLog

  /** @throws InputError that names every mistake in the rules */
  constructor(options: StagedoorPolicyOptions) {
    this.#policy = readPolicy(options.config)
    this.#options = options
    this.#dryRunLog = createDryRunLog(options.logger)
    if (this.#policy.dryRun) options.logger.warn('permission.stagedoor.dryRun is on: every permission is granted')
  }

  /** Decides by the rules; called by Backstage for each permission. */
  async handle(query: PolicyQuery, user?: PolicyQueryUser): Promise<PolicyDecision> {
    const { permission } = query
    const info = user && (await this.#options.userInfo.getUserInfo(user.credentials))
    const refs = info && [...new Set([info.userEntityRef, ...info.ownershipEntityRefs])]
    const resourceType = isResourcePermission(permission) ? permission.resourceType : undefined
    const question = { name: permission.name, resourceType, action: permission.attributes.action, refs }
    const { decision: otherwise, pluginId } = await this.#askNext(query, user)
    const decision = decide(this.#policy, question, otherwise)

    const who = info?.userEntityRef ?? 'a caller who is not signed in'
    const by = decision.rules.join(', ') || 'the default'
    this.#options.logger.debug(`${permission.name} for ${who}: ${decision.effect} by ${by}`)
    if (decision.effect !== 'allow' && this.#policy.dryRun) {
      this.#dryRunLog(who, permission.name, decision)
      return { result: AuthorizeResult.ALLOW }
    }
    return this.#answer(decision, resourceType, { userEntityRef: who, refs: refs ?? [] }, pluginId)
  }

  /** The answer where no rule matches: of the next policy, or the default. */
  async #askNext(query: PolicyQuery, user: PolicyQueryUser | undefined): Promise<Answer> {
    const { next } = this.#options
    const rules: string[] = []
    if (next === undefined) return { decision: { effect: this.#policy.default, rules } }
    const decision = await next.handle(query, user)
    if (decision.result !== AuthorizeResult.CONDITIONAL) {
      return { decision: { effect: decision.result === AuthorizeResult.ALLOW ? 'allow' : 'deny', rules } }
    }
    const criteria = { kind: 'given', of: decision.conditions } as const
    return { decision: { effect: 'conditional', criteria, rules }, pluginId: decision.pluginId }
  }

  #answer(
    decision: Decision,
    resourceType: string | undefined,
    person: Person,
    pluginId: string | undefined,
  ): PolicyDecision {
    if (decision.effect === 'allow') return { result: AuthorizeResult.ALLOW }
    if (decision.effect !== 'conditional' || resourceType === undefined) return { result: AuthorizeResult.DENY }
    const when = this.#policy.rules.find((rule) => rule.when?.resourceType === resourceType)?.when
    const owner = pluginId ?? when?.pluginId
    if (owner === undefined) return { result: AuthorizeResult.DENY }
    return {
      result: AuthorizeResult.CONDITIONAL,
      pluginId: owner,
      resourceType,
      conditions: backstageCriteriaOf(decision.criteria, resourceType, person),
    }
  }
}
