import { grantedScopes } from '../model.ts'
import type { LocalApi, LocalClient } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { bodyOf, change, isAnswer, list, notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'

const knownSettings = `name identifier scopes signing_alg allow_offline_access token_lifetime token_dialect
  skip_consent_for_verifiable_first_party_clients enforce_policies consent_policy authorization_details token_encryption
  proof_of_possession subject_type_authorization`.split(/\s+/)

/** APIs ("resource servers"), and the scopes that each application may request ("client grants"). */
export function apiResources(tenant: Tenant): Resource[] {
  const withApi = (call: Call, answer: (api: LocalApi) => Answer): Answer => {
    const api = tenant.apis.find((candidate) =>
      [idOf(candidate), candidate.identifier].includes(call.parameters[0] ?? ''),
    )
    return api ? answer(api) : notFound('The resource server does not exist')
  }
  const shape = (api: LocalApi) => apiShape(api, tenant)
  return [
    read('resource-servers', ['read:resource_servers'], (call) => list(tenant.apis, call, 'resource_servers', shape)),
    read('resource-servers/*', ['read:resource_servers'], (call) => withApi(call, (api) => ok(shape(api)))),
    change('POST', 'resource-servers', 'create:resource_servers', (call) => createApi(tenant, call)),
    change('PATCH', 'resource-servers/*', 'update:resource_servers', (call) =>
      withApi(call, (api) => changeApi(api, call, ['identifier']) ?? ok(shape(api))),
    ),
    change('DELETE', 'resource-servers/*', 'delete:resource_servers', (call) =>
      withApi(call, (api) => {
        tenant.apis = tenant.apis.filter((candidate) => candidate !== api)
        return { status: 204, body: undefined }
      }),
    ),
    ...grantResources(tenant),
  ]
}

const idOf = ({ identifier }: LocalApi) => Buffer.from(identifier).toString('base64url')

function apiShape(api: LocalApi, { issuer }: Tenant): Record<string, unknown> {
  return {
    id: idOf(api),
    identifier: api.identifier,
    name: api.name,
    is_system: api.identifier === `${issuer}api/v2/`,
    scopes: api.scopes.map((value) => ({ value })),
    signing_alg: 'RS256',
    token_lifetime: api.lifetimeSeconds,
    token_dialect: api.dialect === 'auth0' ? 'access_token' : 'rfc9068_profile',
    ...api.settings,
  }
}

function createApi(tenant: Tenant, call: Call): Answer {
  const { identifier } = (call.body ?? {}) as Record<string, unknown>
  if (typeof identifier !== 'string') return problem(400, 'Bad Request', 'Payload validation error: identifier')
  if (tenant.apis.some((api) => api.identifier === identifier)) {
    return problem(409, 'Conflict', `A resource server with identifier "${identifier}" already exists.`)
  }
  const api: LocalApi = { identifier, name: identifier, scopes: [], dialect: 'auth0', lifetimeSeconds: 86_400 }
  const refusal = changeApi(api, call, [])
  if (refusal) return refusal
  tenant.apis.push(api)
  return { status: 201, body: apiShape(api, tenant) }
}

/** @returns a refusal; undefined if the change was made. @param fixed members that can no longer be changed */
function changeApi(api: LocalApi, call: Call, fixed: string[]): Answer | undefined {
  const body = bodyOf(
    call,
    knownSettings.filter((name) => !fixed.includes(name)),
  )
  if (isAnswer(body)) return body
  const { name, scopes, token_dialect: dialect, token_lifetime: lifetime, ...settings } = body
  if (typeof name === 'string') api.name = name
  if (Array.isArray(scopes)) api.scopes = scopes.map(({ value }: { value: string }) => value)
  if (typeof dialect === 'string') api.dialect = dialect.startsWith('rfc9068') ? 'rfc9068' : 'auth0'
  if (typeof lifetime === 'number') api.lifetimeSeconds = lifetime
  const shown = {
    ...(scopes === undefined ? {} : { scopes }),
    ...(dialect === undefined ? {} : { token_dialect: dialect }),
  }
  api.settings = { ...api.settings, ...settings, ...shown }
  return undefined
}

type Grant = { id: string; client: LocalClient; audience: string }

function grantResources(tenant: Tenant): Resource[] {
  const grants = (): Grant[] =>
    tenant.clients.flatMap((client) =>
      Object.keys(client.apiScopes).map((audience) => ({
        id: `cgr_${Buffer.from(`${client.clientId} ${audience}`).toString('base64url')}`,
        client,
        audience,
      })),
    )
  const shape = ({ id, client, audience }: Grant) => ({
    id,
    client_id: client.clientId,
    audience,
    scope: grantedScopes(client, audience) ?? [],
    subject_type: 'client',
  })
  const isWanted = ({ query }: Call, grant: Grant) =>
    [grant.client.clientId, null].includes(query.get('client_id')) &&
    [grant.audience, null].includes(query.get('audience'))
  const withGrant = (call: Call, answer: (grant: Grant) => Answer): Answer => {
    const grant = grants().find(({ id }) => id === call.parameters[0])
    return grant ? answer(grant) : notFound('The client grant does not exist')
  }
  return [
    read('client-grants', ['read:client_grants'], (call) => {
      const wanted = grants().filter((grant) => isWanted(call, grant))
      return list(wanted, call, 'client_grants', shape)
    }),
    read('client-grants/*', ['read:client_grants'], (call) => withGrant(call, (grant) => ok(shape(grant)))),
    change('POST', 'client-grants', 'create:client_grants', (call) => {
      const { client_id: clientId, audience, scope } = (call.body ?? {}) as Record<string, unknown>
      const client = tenant.clients.find((candidate) => candidate.clientId === clientId)
      if (!client) return notFound('The client does not exist')
      if (typeof audience !== 'string' || !tenant.apis.some(({ identifier }) => identifier === audience)) {
        return problem(400, 'Bad Request', `Resource server ${String(audience)} not found`)
      }
      if (grantedScopes(client, audience)) return problem(409, 'Conflict', 'A grant of this client for this API exists')
      client.apiScopes = { ...client.apiScopes, [audience]: Array.isArray(scope) ? scope : [] }
      const made = grants().find((grant) => grant.client === client && grant.audience === audience)
      return { status: 201, body: made && shape(made) }
    }),
    change('PATCH', 'client-grants/*', 'update:client_grants', (call) =>
      withGrant(call, (grant) => {
        const { scope } = (call.body ?? {}) as Record<string, unknown>
        if (Array.isArray(scope)) grant.client.apiScopes = { ...grant.client.apiScopes, [grant.audience]: scope }
        return ok(shape(grant))
      }),
    ),
    change('DELETE', 'client-grants/*', 'delete:client_grants', (call) =>
      withGrant(call, ({ client, audience }) => {
        client.apiScopes = Object.fromEntries(Object.entries(client.apiScopes).filter(([other]) => other !== audience))
        return { status: 204, body: undefined }
      }),
    ),
  ]
}
