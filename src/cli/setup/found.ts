import type { Expect } from '../management-api.ts'
import type { Settings, Wanted } from './wanted.ts'

export type WithId = Settings & { id: string }

/** The part of the wanted setup that the tenant already has. */
export type Found = {
  api: WithId | undefined
  web: WithId | undefined
  events: WithId | undefined
  grant: WithId | undefined
  role: WithId | undefined
  action: { id: string; isDeployed: boolean; isOurs: boolean } | undefined
  /** The Actions of the post-login flow, in order. */
  bindings: { id: string; actionName: string }[]
}

const perPage = 100
const maxPages = 10

/** Reads the tenant. @param clientId the id of an existing application, used instead of the name */
export async function findInTenant(expect: Expect, wanted: Wanted, clientId: string | undefined): Promise<Found> {
  const clients = await allClients(expect)
  const named = (name: string | undefined) => clients.find((client) => client['name'] === name)
  const web = clientId === undefined ? named(wanted.web.name) : await findClient(expect, clientId)
  const events = named(wanted.events?.name)
  return {
    api: await findApi(expect, wanted.api.identifier),
    web,
    events,
    grant: events === undefined ? undefined : await findGrant(expect, events.id, wanted.grant.audience),
    role: await findNamed(expect, `roles?name_filter=${encodeURIComponent(wanted.role.name)}`, wanted.role.name),
    action: await findAction(expect, wanted.action),
    bindings: await findBindings(expect),
  }
}

/** Those of the tenant itself: Auth0 lists a thousand, and there may be more that registered themselves. */
async function allClients(expect: Expect): Promise<WithId[]> {
  const clients: WithId[] = []
  for (let page = 0; page < maxPages; page++) {
    const found = listIn(await expect([200], 'GET', `clients?page=${page}&per_page=${perPage}&is_first_party=true`))
    clients.push(...found.map(clientFrom))
    if (found.length < perPage) break
  }
  return clients
}

async function findClient(expect: Expect, clientId: string): Promise<WithId | undefined> {
  const client = await expect([200, 404], 'GET', `clients/${encodeURIComponent(clientId)}`)
  return typeof client['client_id'] === 'string' ? clientFrom(client) : undefined
}

/** Removes `secret_encoded`, which Auth0 returns but rejects in a change. */
function clientFrom({ jwt_configuration: jwt, ...client }: Settings): WithId {
  const { secret_encoded: _shown, ...rest } = (jwt ?? {}) as Settings
  return { ...client, jwt_configuration: rest, id: String(client['client_id']) }
}

async function findApi(expect: Expect, identifier: string): Promise<WithId | undefined> {
  const api = await expect([200, 404], 'GET', `resource-servers/${encodeURIComponent(identifier)}`)
  return typeof api['id'] === 'string' ? { ...api, id: api['id'] } : undefined
}

async function findGrant(expect: Expect, clientId: string, audience: string): Promise<WithId | undefined> {
  const query = new URLSearchParams({ client_id: clientId, audience })
  const [grant] = listIn(await expect([200], 'GET', `client-grants?${query.toString()}`))
  return grant && { ...grant, id: String(grant['id']) }
}

async function findNamed(expect: Expect, path: string, name: string): Promise<WithId | undefined> {
  const found = listIn(await expect([200], 'GET', path)).find((item) => item['name'] === name)
  return found && { ...found, id: String(found['id']) }
}

async function findAction(expect: Expect, { name, code }: Wanted['action']): Promise<Found['action']> {
  const action = await findNamed(expect, `actions/actions?actionName=${encodeURIComponent(name)}`, name)
  return action && { id: action.id, isDeployed: isDeployed(action), isOurs: action['code'] === code }
}

/** Whether a version of an Action is completely deployed, not still being deployed. */
export function isDeployed(action: Settings): boolean {
  const version = action['deployed_version'] as { deployed?: boolean } | null | undefined
  return version?.deployed === true
}

async function findBindings(expect: Expect): Promise<Found['bindings']> {
  const bindings = listIn(await expect([200], 'GET', 'actions/triggers/post-login/bindings?per_page=50'))
  return bindings.map((binding) => {
    const { name } = (binding['action'] ?? {}) as Settings
    return { id: String(binding['id']), actionName: String(name) }
  })
}

/** The list in an answer: the answer itself, or its only list if the answer also has totals. */
function listIn(answer: unknown): Settings[] {
  if (Array.isArray(answer)) return answer
  return Object.values((answer ?? {}) as Settings).find(Array.isArray) ?? []
}
