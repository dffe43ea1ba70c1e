import type { Found, WithId } from './found.ts'
import { missingIn } from './missing.ts'
import type { Settings, Wanted } from './wanted.ts'

/** One change at Auth0: its description, and the requests for it. */
export type Change = {
  title: string
  differences: string[]
  step:
    | { kind: 'create'; what: Kind; body: Settings }
    | { kind: 'update'; what: Kind; id: string; body: Settings }
    | { kind: 'deploy'; id: string }
    /** Appends the Action to the flow. */
    | { kind: 'bind'; bindingIds: string[]; name: string }
    /** Allows the application that reads events to request scopes of an API. */
    | { kind: 'grant'; audience: string; scope: string[] }
}

export type Kind = 'api' | 'web' | 'events' | 'role' | 'action' | 'grant'

/** The missing parts at Auth0, in the order in which they can be created. */
export function planOf(wanted: Wanted, found: Found): Change[] {
  const { api, web, events, role, action } = wanted
  // An existing application or API keeps its name.
  const apiName = nameOf(found.api) ?? api.name
  const webName = nameOf(found.web) ?? web.name
  return [
    ...change('api', 'API', apiName, found.api, { ...api, name: apiName }),
    ...change('web', 'application', webName, found.web, { ...withoutMethod(web, found.web), name: webName }),
    ...(found.role === undefined ? change('role', 'role', role.name, undefined, role) : []),
    ...actionChanges(action, found),
    ...(events === undefined ? [] : change('events', 'application', events.name, found.events, events)),
    ...(events === undefined ? [] : grantChanges(events.name, wanted.grant, found)),
  ]
}

/** Omits `token_endpoint_auth_method` if the application has keys (Private Key JWT), because Auth0 rejects both together. The keys stay. */
function withoutMethod(wanted: Settings, found: WithId | undefined): Settings {
  if (!hasKeys(found)) return wanted
  const { token_endpoint_auth_method: _method, ...rest } = wanted
  return rest
}

/** Whether an application authenticates with keys (Private Key JWT). */
export function hasKeys(client: WithId | undefined): boolean {
  return (client?.['client_authentication_methods'] ?? null) !== null
}

function nameOf(found: WithId | undefined): string | undefined {
  return typeof found?.['name'] === 'string' ? found['name'] : undefined
}

function change(what: Kind, noun: string, name: string, found: WithId | undefined, wanted: Settings): Change[] {
  if (found === undefined) {
    const differences = missingIn({}, wanted).differences.filter((line) => !line.startsWith('code: '))
    return [{ title: `create the ${noun} “${name}”`, differences, step: { kind: 'create', what, body: wanted } }]
  }
  const { body, differences } = missingIn(found, wanted)
  if (differences.length === 0) return []
  return [{ title: `change the ${noun} “${name}”`, differences, step: { kind: 'update', what, id: found.id, body } }]
}

/** The changes for the Action. The code of an existing Action of this name stays, because operators change its namespace. */
function actionChanges(action: Wanted['action'], found: Found): Change[] {
  const changes: Change[] = []
  if (found.action === undefined) changes.push(...change('action', 'Action', action.name, undefined, action))
  if (found.action !== undefined && !found.action.isDeployed) {
    const step = { kind: 'deploy', id: found.action.id } as const
    changes.push({ title: `deploy the Action “${action.name}”`, differences: [], step })
  }
  if (!found.bindings.some((binding) => binding.actionName === action.name)) {
    const bindingIds = found.bindings.map(({ id }) => id)
    const others = found.bindings.map(({ actionName }) => actionName)
    const differences = others.length === 0 ? [] : [`after ${others.join(', ')}`]
    const step = { kind: 'bind', bindingIds, name: action.name } as const
    changes.push({ title: `put the Action “${action.name}” into the post-login flow`, differences, step })
  }
  return changes
}

function grantChanges(name: string, { audience, scope }: Wanted['grant'], { grant }: Found): Change[] {
  const title = `allow “${name}” to ask ${audience}`
  if (grant === undefined) {
    return [{ title, differences: [`scope: ${scope.join(' ')}`], step: { kind: 'grant', audience, scope } }]
  }
  const { body, differences } = missingIn(grant, { scope })
  return differences.length === 0
    ? []
    : [{ title, differences, step: { kind: 'update', what: 'grant', id: grant.id, body } }]
}
