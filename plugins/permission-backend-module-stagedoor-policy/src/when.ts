import { z } from 'zod/v4'

const names = z.array(z.string().min(1)).min(1)

const conditionSchema = z.strictObject({
  pluginId: z.string().min(1),
  resourceType: z.string().min(1),
  rule: z.string().min(1),
  params: z.record(z.string(), z.json()).default({}),
})

const catalog = { pluginId: 'catalog', resourceType: 'catalog-entity' }
const template = { pluginId: 'scaffolder', resourceType: 'scaffolder-template' }
const action = { pluginId: 'scaffolder', resourceType: 'scaffolder-action' }
const task = { pluginId: 'scaffolder', resourceType: 'scaffolder-task' }

/** Stands for the person's ownership refs in the parameters of a condition; the same words as in the RBAC plugin. */
export const ownerRefsAlias = '$ownerRefs'
/** Stands for the person's own entity ref. */
export const currentUserAlias = '$currentUser'

/** A condition of the plugin that owns the resource, such as `HAS_TAG`. */
type Condition = z.infer<typeof conditionSchema>
/** Which resources of one type a rule is about: those for which all conditions hold. */
export type When = { pluginId: string; resourceType: string; conditions: Pick<Condition, 'rule' | 'params'>[] }

const whenNames = ['owner', 'kinds', 'annotation', 'tag', 'actionId', 'startedBySelf', 'condition']

/** The short forms of configuration, each with the resources it is about and the condition of Backstage's that it means. */
export const whenSchema = z
  .strictObject({
    owner: z
      .literal(true)
      .transform(() => ({ ...catalog, rule: 'IS_ENTITY_OWNER', params: { claims: [ownerRefsAlias] } }))
      .optional(),
    kinds: names.transform((kinds) => ({ ...catalog, rule: 'IS_ENTITY_KIND', params: { kinds } })).optional(),
    annotation: z
      .strictObject({ name: z.string().min(1), value: z.string().optional() })
      .transform(({ name, value }) => {
        const params = { annotation: name, ...(value !== undefined && { value }) }
        return { ...catalog, rule: 'HAS_ANNOTATION', params }
      })
      .optional(),
    tag: z
      .string()
      .min(1)
      .transform((tag) => ({ ...template, rule: 'HAS_TAG', params: { tag } }))
      .optional(),
    actionId: z
      .string()
      .min(1)
      .transform((actionId) => ({ ...action, rule: 'HAS_ACTION_ID', params: { actionId } }))
      .optional(),
    startedBySelf: z
      .literal(true)
      .transform(() => ({ ...task, rule: 'IS_TASK_OWNER', params: { createdBy: [currentUserAlias] } }))
      .optional(),
    condition: conditionSchema.optional(),
  })
  .transform((given, context): When => {
    const conditions: Condition[] = Object.values(given).filter((condition) => condition !== undefined)
    const types = new Set(conditions.map(({ resourceType }) => resourceType))
    const [first] = conditions
    if (first === undefined || types.size > 1) {
      const message =
        first === undefined ? `must name at least one of: ${whenNames.join(', ')}` : `mixes ${[...types].join(' and ')}`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    const { pluginId, resourceType } = first
    return { pluginId, resourceType, conditions: conditions.map(({ rule, params }) => ({ rule, params })) }
  })
