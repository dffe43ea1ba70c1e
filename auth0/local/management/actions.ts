import { randomUUID } from 'node:crypto'

import type { LocalAction } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { bodyOf, change, isAnswer, list, notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'

const knownSettings = 'name code runtime dependencies secrets supported_triggers modules deploy'.split(' ')
const triggers = ['post-login', 'credentials-exchange', 'pre-user-registration', 'post-user-registration']

/** Actions, and the flows that they are bound to. */
export function actionResources(tenant: Tenant): Resource[] {
  const { configuration } = tenant
  const withAction = (call: Call, answer: (action: LocalAction) => Answer): Answer => {
    const action = configuration.actions.find(({ id }) => id === call.parameters[0])
    return action ? answer(action) : notFound('That action was not found.')
  }
  return [
    read('actions/actions', ['read:actions'], (call) => {
      const name = call.query.get('actionName')
      const wanted = configuration.actions.filter((action) => name === null || action.name === name)
      return ok({ actions: wanted.map(shown), total: wanted.length, page: 0, per_page: 100, start: 0, limit: 100 })
    }),
    read('actions/modules', ['read:actions'], (call) => list([], call, 'modules', () => ({}))),
    read('actions/actions/*', ['read:actions'], (call) => withAction(call, (action) => ok(shown(action)))),
    change('POST', 'actions/actions', 'create:actions', (call) => {
      const body = bodyOf(call, knownSettings)
      if (isAnswer(body)) return body
      const action: LocalAction = { ...body, id: randomUUID(), name: String(body.name), status: 'pending' }
      configuration.actions.push(action)
      return { status: 201, body: shape(action) }
    }),
    change('PATCH', 'actions/actions/*', 'update:actions', (call) =>
      withAction(call, (action) => {
        const body = bodyOf(call, knownSettings)
        if (isAnswer(body)) return body
        Object.assign(action, body, { status: 'pending' })
        return ok(shape(action))
      }),
    ),
    change('DELETE', 'actions/actions/*', 'delete:actions', (call) =>
      withAction(call, (action) => {
        configuration.actions = configuration.actions.filter((candidate) => candidate !== action)
        return { status: 204, body: undefined }
      }),
    ),
    change('POST', 'actions/actions/*/deploy', 'create:actions', (call) => withAction(call, deploy)),
    ...bindingResources(tenant),
  ]
}

/** Auth0 needs a moment before a deployed version is available. */
const deployMs = 100

const isDeployed = ({ deployedCode, deployedAtMs = 0 }: LocalAction) =>
  deployedCode !== undefined && Date.now() >= deployedAtMs

function deploy(action: LocalAction): Answer {
  if (action.status === 'pending') {
    return problem(400, 'Bad Request', "The draft action must be in the 'built' state to be deployed")
  }
  action.deployedCode = String(action.code)
  action.deployedAtMs = Date.now() + deployMs
  return ok({ id: randomUUID(), code: action.code, action: { id: action.id, name: action.name }, deployed: true })
}

/** Reported as built from the second read on, since Auth0 needs a moment. */
function shown(action: LocalAction): Record<string, unknown> {
  const answer = shape(action)
  action.status = 'built'
  return answer
}

function shape(whole: LocalAction): Record<string, unknown> {
  const { deployedCode, deployedAtMs: _at, secrets = [], ...action } = whole
  const version = { code: deployedCode, deployed: isDeployed(whole), status: 'built' }
  const deployed = deployedCode === undefined ? {} : { deployed_version: version }
  const names = (secrets as { name: string }[]).map(({ name }) => ({ name }))
  return { ...action, secrets: names, ...deployed, all_changes_deployed: deployedCode === action.code }
}

type Reference = { type: string; value: string }

function bindingResources({ configuration }: Tenant): Resource[] {
  const find = ({ type, value }: Reference) =>
    configuration.actions.find(({ id, name }) => (type === 'action_name' ? name : id) === value)
  const show = (trigger: string) => {
    const bindings = (configuration.bindings.get(trigger) ?? []).map(({ actionId, displayName }) => {
      const action = configuration.actions.find(({ id }) => id === actionId)
      const bound = action && { id: action.id, name: action.name }
      return { id: actionId, trigger_id: trigger, display_name: displayName, action: bound }
    })
    const total = bindings.length
    return ok({ bindings, total, page: 0, per_page: 50, start: 0, limit: 50 })
  }
  return [
    read('actions/triggers', ['read:actions'], () =>
      ok({ triggers: triggers.map((id) => ({ id, version: 'v3', status: 'CURRENT' })) }),
    ),
    read('actions/triggers/*/bindings', ['read:actions'], ({ parameters: [trigger = ''] }) => show(trigger)),
    change('PATCH', 'actions/triggers/*/bindings', 'update:actions', ({ parameters: [trigger = ''], body }) => {
      const { bindings = [] } = (body ?? {}) as { bindings?: { ref: Reference; display_name: string }[] }
      const found = bindings.map(({ ref, display_name: displayName }) => ({ action: find(ref), displayName }))
      if (found.some(({ action }) => action === undefined || !isDeployed(action))) {
        return problem(400, 'Bad Request', 'An action must be deployed before it can be bound to a trigger')
      }
      // The list replaces the previous one: Actions that it omits are no longer bound.
      configuration.bindings.set(
        trigger,
        found.map(({ action, displayName }) => ({ actionId: action?.id ?? '', displayName })),
      )
      return show(trigger)
    }),
  ]
}
