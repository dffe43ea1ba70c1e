import { createRequire } from 'node:module'
import { join } from 'node:path'

import t from 'tap'

import { ownershipRefOf } from '../../packages/assertion-contract/src/index.ts'
import { exampleDirectory } from '../../scripts/backstage-setup.ts'
import { until } from '../support/until.ts'
import { jane, max, startTestKit, startTrustingBackstage, type Answer } from './stand-in-gateway.ts'

const kit = await startTestKit(t)
const resolvers = [{ resolver: 'auth0IdMatchingUserEntityAnnotation', ownershipFrom: ['roles', 'permissions'] }]

type Config = { getOptional: (key: string) => unknown }
type Decision = { effect: string; rules: string[]; criteria?: unknown }
type Question = { name: string; resourceType?: string; action?: string; refs?: string[] }
type Modules = {
  readPolicy: (config: Config) => object
  decide: (policy: object, question: Question) => Decision
}

function loadModules(): Modules {
  const plugin = 'node_modules/@stagedoor/backstage-plugin-permission-backend-module-stagedoor-policy/dist'
  const load = createRequire(import.meta.url)
  const files = ['rules.js', 'decide.js', 'conditions.js', 'policy.js'].map((file): object =>
    load(join(exampleDirectory, plugin, file)),
  )
  return Object.assign({}, ...files) as Modules
}

const { readPolicy, decide } = loadModules()
const policyOf = (policy: unknown) => readPolicy({ getOptional: () => policy })

const entityDelete = { name: 'catalog.entity.delete', resourceType: 'catalog-entity', action: 'delete' }
const entityCreate = { name: 'catalog.entity.create', action: 'create' }

const rules = [
  { name: 'admins', who: { roles: ['platform-admin'] } },
  { name: 'guests', who: { entityRefs: ['User:default/Guest'] }, effect: 'deny' },
  { name: 'writers', who: { permissions: ['write:catalog'] }, what: { names: ['catalog.entity.create'] } },
  { name: 'owners', what: { names: ['catalog.entity.delete'] }, when: { owner: true } },
  { name: 'readers', what: { actions: ['read'] } },
  { name: 'web reads', who: { groups: ['web'] }, what: { resourceTypes: ['scaffolder-template'] } },
]

const decisions: [string, Question, Partial<Decision>][] = [
  ['an admin', { ...entityDelete, refs: ['group:default/platform-admin'] }, { effect: 'allow', rules: ['admins'] }],
  ['a guest', { ...entityDelete, action: 'read', refs: ['user:default/guest'] }, { effect: 'deny', rules: ['guests'] }],
  [
    'somebody with the Auth0 permission',
    { ...entityCreate, refs: [ownershipRefOf('permissions', 'write:catalog')] },
    { effect: 'allow', rules: ['writers'] },
  ],
  ['an owner', { ...entityDelete, refs: ['user:default/max'] }, { effect: 'conditional', rules: ['owners'] }],
  ['a reader', { name: 'catalog.entity.read', action: 'read', refs: [] }, { effect: 'allow', rules: ['readers'] }],
  [
    'a member of a group',
    { name: 'x', resourceType: 'scaffolder-template', refs: ['group:default/web'] },
    { effect: 'allow' },
  ],
  ['somebody whom no rule names', { ...entityCreate, refs: [] }, { effect: 'deny', rules: [] }],
  ['nobody', { name: 'catalog.entity.read', action: 'read' }, { effect: 'deny', rules: [] }],
]

for (const [who, question, expected] of decisions) {
  t.test(`the first matching rule decides about ${who}: ${expected.effect}`, async (t) => {
    t.match(decide(policyOf({ rules }), question), expected)
  })
}

const owner = { kind: 'when', when: { conditions: [{ rule: 'IS_ENTITY_OWNER', params: { claims: ['$ownerRefs'] } }] } }
const component = { kind: 'when', when: { conditions: [{ rule: 'IS_ENTITY_KIND', params: { kinds: ['Component'] } }] } }
const allowOwner = { name: 'a', when: { owner: true } }
const denyComponent = { name: 'd', effect: 'deny', when: { kinds: ['Component'] } }

const combinations = [
  [[allowOwner], 'allow', { effect: 'allow' }],
  [[denyComponent], 'deny', { effect: 'deny' }],
  [[denyComponent], 'allow', { effect: 'conditional', criteria: { kind: 'not', of: component } }],
  [
    [allowOwner, denyComponent],
    'allow',
    { effect: 'conditional', criteria: { kind: 'any', of: [owner, { kind: 'not', of: component }] } },
  ],
  [
    [denyComponent, allowOwner],
    'deny',
    { effect: 'conditional', criteria: { kind: 'all', of: [{ kind: 'not', of: component }, owner] } },
  ],
  [[allowOwner, { name: 'x', effect: 'deny' }], 'allow', { effect: 'conditional', criteria: owner }],
  [[{ name: 'x' }, denyComponent], 'deny', { effect: 'allow', rules: ['x'] }],
] as const

t.test('a rule about some entities leaves other entities to later rules', async (t) => {
  for (const [rules, fallback, expected] of combinations) {
    t.match(decide(policyOf({ default: fallback, rules }), { ...entityDelete, refs: [] }), expected)
  }
})

t.test('a rule with "when" applies only to resources of its type', async (t) => {
  const policy = policyOf({ default: 'deny', rules: [allowOwner] })
  t.match(decide(policy, { ...entityCreate, refs: [] }), { effect: 'deny', rules: { length: 0 } })
})

t.test('without configuration everything is denied', async (t) => {
  t.match(decide(policyOf(undefined), { ...entityCreate, refs: ['group:default/platform-admin'] }), { effect: 'deny' })
})

t.test('every mistake in the rules is reported, and Backstage refuses to start', async (t) => {
  const short = { name: 'z', effect: 'deny', who: { entityRefs: ['user:default/jane', 'user:jane'] } }
  const rules = [{ name: '' }, { name: 'x', when: {} }, { name: 'y', whom: {} }, short, { name: 'w', who: {} }]
  const mistaken = { default: 'maybe', rules }
  const paths = ['default', 'rules.0.name', 'rules.1.when', 'rules.2', 'rules.3.who.entityRefs.1', 'rules.4.who']
  t.throws(() => policyOf(mistaken), {
    message: new RegExp(paths.map((path) => `permission.stagedoor.${path}:`).join('[^]*')),
  })
})

async function startBackstage(
  t: Parameters<typeof startTrustingBackstage>[0],
  stagedoor: object,
  log?: (line: string) => void,
) {
  const options = { config: { permission: { stagedoor } }, ...(log && { log }) }
  return startTrustingBackstage(t, kit, resolvers, options)
}

type Backstage = Awaited<ReturnType<typeof startBackstage>>

async function mayDelete(backstage: Backstage, person: Answer, resourceRef: string): Promise<string> {
  const { name, resourceType, action } = entityDelete
  const permission = { type: 'resource', name, resourceType, attributes: { action } }
  const body = JSON.stringify({ items: [{ id: '1', permission, resourceRef }] })
  const answer = await backstage.call(person, '/api/permission/authorize', { method: 'POST', body })
  return answer.body.items[0].result
}

/** The catalog's own answer when that person deletes the entity. */
async function statusOfDelete(backstage: Backstage, person: Answer, name: string): Promise<number> {
  const { body } = await backstage.call(person, `/api/catalog/entities/by-name/component/default/${name}`)
  const path = `/api/catalog/entities/by-uid/${body.metadata.uid}`
  return (await backstage.call(person, path, { method: 'DELETE' })).status
}

t.test("in Backstage the assertion's roles decide, and a removed role has no effect after a refresh", async (t) => {
  const backstage = await startBackstage(t, {
    default: 'deny',
    rules: [
      { name: 'admins', who: { roles: ['platform-admin'] } },
      { name: 'everybody reads', what: { actions: ['read'] } },
      { name: 'owners', what: { names: ['catalog.entity.delete'] }, when: { owner: true, kinds: ['Component'] } },
    ],
  })
  const storefront = 'component:default/storefront'
  const admin = await backstage.signIn({ sub: jane, roles: ['platform-admin'] })
  t.equal(await mayDelete(backstage, admin, storefront), 'ALLOW')

  const demoted = await backstage.signIn({ sub: jane, roles: [] })
  t.equal(await mayDelete(backstage, demoted, storefront), 'DENY', 'Jane does not own the storefront')
  t.equal(await mayDelete(backstage, demoted, 'component:default/build-farm'), 'ALLOW', 'but the build farm')
  t.equal(await mayDelete(backstage, demoted, 'group:default/platform'), 'DENY', 'and only components')

  t.equal(await statusOfDelete(backstage, demoted, 'storefront'), 403, 'and the catalog says the same')

  const owner = await backstage.signIn({ sub: max })
  t.equal(await mayDelete(backstage, owner, storefront), 'ALLOW')
  t.equal(await statusOfDelete(backstage, owner, 'storefront'), 204)
})

t.test('a dry run refuses nothing, and logs each would-be refusal once', async (t) => {
  const lines: string[] = []
  const backstage = await startBackstage(
    t,
    {
      dryRun: true,
      default: 'deny',
      rules: [{ name: 'owners', what: { names: ['catalog.entity.delete'] }, when: { owner: true } }],
    },
    (line) => void lines.push(line),
  )
  const person = await backstage.signIn({ sub: max })
  for (let time = 0; time < 2; time += 1) {
    t.equal(await mayDelete(backstage, person, 'component:default/build-farm'), 'ALLOW')
  }
  const told = () => lines.filter((line) => line.includes('catalog.entity.delete for user:default/max'))
  await until(() => told().length > 0)
  t.equal(told().length, 1)
  t.match(told()[0], /Dry run: .* would be limited to some resources by rule .*owners/)
})

type Handle = (query: object, user?: object) => Promise<object>
type PolicyClass = new (options: object) => { handle: Handle }
const { StagedoorPermissionPolicy } = loadModules() as unknown as { StagedoorPermissionPolicy: PolicyClass }

const user = { credentials: {} }
const maxOwns = { userEntityRef: 'user:default/max', ownershipEntityRefs: ['user:default/max', 'group:default/web'] }
const step = { type: 'resource', name: 'scaffolder.template.step.read', resourceType: 'scaffolder-template' }
const deleteEntity = { type: 'resource', name: 'catalog.entity.delete', resourceType: 'catalog-entity' }

function askAsMax(policy: object, permission: object, next?: { handle: Handle }): Promise<object> {
  const logger = { debug: () => {}, warn: () => {} }
  const options = {
    config: { getOptional: () => policy },
    userInfo: { getUserInfo: async () => maxOwns },
    logger,
    next,
  }
  return new StagedoorPermissionPolicy(options).handle({ permission: { attributes: {}, ...permission } }, user)
}

t.test('the short forms of "when" become conditions of the plugin that owns the resource', async (t) => {
  const cases: [object, object, object][] = [
    [{ tag: 'admin' }, step, { pluginId: 'scaffolder', conditions: { rule: 'HAS_TAG', params: { tag: 'admin' } } }],
    [
      { actionId: 'debug:log' },
      { type: 'resource', name: 'scaffolder.action.execute', resourceType: 'scaffolder-action' },
      { pluginId: 'scaffolder', conditions: { rule: 'HAS_ACTION_ID', params: { actionId: 'debug:log' } } },
    ],
    [
      { startedBySelf: true },
      { type: 'resource', name: 'scaffolder.task.read', resourceType: 'scaffolder-task' },
      { pluginId: 'scaffolder', conditions: { rule: 'IS_TASK_OWNER', params: { createdBy: ['user:default/max'] } } },
    ],
    [
      { owner: true },
      deleteEntity,
      { pluginId: 'catalog', conditions: { rule: 'IS_ENTITY_OWNER', params: { claims: maxOwns.ownershipEntityRefs } } },
    ],
  ]
  for (const [when, permission, expected] of cases) {
    const answer = await askAsMax({ rules: [{ name: 'a', when }] }, permission)
    t.match(answer, { result: 'CONDITIONAL', ...expected })
  }
})

t.test('a rule may use a condition of any plugin, with the person in its parameters', async (t) => {
  const condition = {
    pluginId: 'rollouts',
    resourceType: 'rollout',
    rule: 'IS_APPROVER',
    params: { by: '$currentUser', any: ['x', '$ownerRefs'], deep: { n: 1 } },
  }
  const rollout = { type: 'resource', name: 'rollout.start', resourceType: 'rollout' }
  t.same(await askAsMax({ rules: [{ name: 'a', when: { condition } }] }, rollout), {
    result: 'CONDITIONAL',
    pluginId: 'rollouts',
    resourceType: 'rollout',
    conditions: {
      resourceType: 'rollout',
      rule: 'IS_APPROVER',
      params: { by: 'user:default/max', any: ['x', ...maxOwns.ownershipEntityRefs], deep: { n: 1 } },
    },
  })
  t.match(await askAsMax({ rules: [{ name: 'a', when: { condition } }] }, deleteEntity), { result: 'DENY' })
})

t.test('a rule whose "when" refers to two resource types is a mistake', async (t) => {
  t.throws(() => policyOf({ rules: [{ name: 'a', when: { owner: true, tag: 'x' } }] }), {
    message: /rules\.0\.when: mixes catalog-entity and scaffolder-template/,
  })
})

t.test('without a matching rule the next policy decides', async (t) => {
  const rules = [{ name: 'steps', what: { names: ['scaffolder.template.step.read'] } }]
  const conditions = { rule: 'HAS_LABEL', resourceType: 'catalog-entity', params: { label: 'x' } }
  const next = {
    handle: async () => ({ result: 'CONDITIONAL', pluginId: 'catalog', resourceType: 'catalog-entity', conditions }),
  }
  t.match(await askAsMax({ rules }, step, next), { result: 'ALLOW' }, 'a rule comes first')
  t.match(await askAsMax({ rules }, deleteEntity, next), { result: 'CONDITIONAL', pluginId: 'catalog', conditions })
  const both = [...rules, { name: 'kinds', effect: 'deny', when: { kinds: ['API'] } }]
  t.match(await askAsMax({ rules: both }, deleteEntity, next), {
    conditions: { allOf: [{ not: { rule: 'IS_ENTITY_KIND' } }, conditions] },
  })
  const denying = { handle: async () => ({ result: 'DENY' }) }
  t.match(await askAsMax({ default: 'allow', rules }, deleteEntity, denying), { result: 'DENY' }, 'not our default')
})
