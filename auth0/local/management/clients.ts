import { randomBytes } from 'node:crypto'

import type { GrantType, LocalClient } from '../model.ts'
import { defaultInitiators, newClient } from '../seed.ts'
import type { Tenant } from '../tenant.ts'
import { changeCredentials } from './credentials.ts'
import { bodyOf, change, isAnswer, list, notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'
import { clientShape } from './shapes.ts'

/** Settings of an application that Auth0 knows and that concern a gateway. */
const knownSettings = `name description callbacks allowed_logout_urls web_origins allowed_origins grant_types app_type
  is_first_party oidc_conformant token_endpoint_auth_method jwt_configuration refresh_token oidc_logout sso sso_disabled
  initiate_login_uri client_metadata client_secret client_authentication_methods cross_origin_authentication
  custom_login_page_on organization_usage organization_require_behavior logo_uri
  require_pushed_authorization_requests require_proof_of_possession is_token_endpoint_ip_header_trusted
  skip_non_verifiable_callback_uri_confirmation_prompt`.split(/\s+/)

/** Applications. */
export function clientResources(tenant: Tenant): Resource[] {
  const withClient = (call: Call, answer: (client: LocalClient) => Answer): Answer => {
    const client = tenant.clients.find(({ clientId }) => clientId === call.parameters[0])
    return client ? answer(client) : notFound('The client does not exist')
  }
  const shape = (client: LocalClient, { scopes }: Call) => clientShape(client, tenant, scopes)
  return [
    read('clients', ['read:clients'], (call) => {
      const firstParty = call.query.get('is_first_party')
      const isWanted = ({ settings }: LocalClient) =>
        firstParty === null || (firstParty === 'true') === (settings?.is_first_party !== false)
      return list(tenant.clients.filter(isWanted), call, 'clients', (client) => shape(client, call))
    }),
    read('clients/*', [], (call) => withClient(call, (client) => refusalToRead(call) ?? ok(shape(client, call)))),
    read('clients/*/connections', ['read:connections'], (call) =>
      withClient(call, () => list(tenant.configuration.connections, call, 'connections', (connection) => connection)),
    ),
    change('POST', 'clients', 'create:clients', (call) => createClient(tenant, call)),
    change('PATCH', 'clients/*', 'update:clients', (call) =>
      withClient(call, (client) => refusalToChange(call) ?? changeClient(client, call) ?? ok(shape(client, call))),
    ),
    change('DELETE', 'clients/*', 'delete:clients', (call) => {
      tenant.clients = tenant.clients.filter(({ clientId }) => clientId !== call.parameters[0])
      return { status: 204, body: undefined }
    }),
    change('POST', 'clients/*/rotate-secret', 'update:client_keys', (call) =>
      withClient(call, (client) => {
        client.clientSecret = randomBytes(48).toString('base64url')
        return ok(clientShape(client, tenant, forKeys))
      }),
    ),
  ]
}

const forKeys = ['read:client_keys']
const toRead = ['read:clients', 'read:client_keys', 'read:client_credentials']

/** One scope is enough to read an application; each shows some of it. */
function refusalToRead({ scopes }: Call): Answer | undefined {
  if (toRead.some((scope) => scopes.includes(scope))) return undefined
  return problem(403, 'Forbidden', `Insufficient scope, expected any of: ${toRead.join(',')}`)
}

/** `secret_encoded` is returned, and accepted only when an application is created. */
function refusalToChange({ body }: Call): Answer | undefined {
  const { jwt_configuration: jwt } = (body ?? {}) as { jwt_configuration?: object }
  if (jwt === undefined || !('secret_encoded' in jwt)) return undefined
  return problem(400, 'Bad Request', "Payload validation error: 'Additional properties not allowed: secret_encoded'")
}

function createClient(tenant: Tenant, call: Call): Answer {
  const client = newClient(randomBytes(24).toString('base64url'), randomBytes(48).toString('base64url'))
  const refusal = changeClient(client, { ...call, scopes: [...call.scopes, 'update:client_keys'] })
  if (refusal) return refusal
  if (client.name === '')
    return problem(400, 'Bad Request', "Payload validation error: 'Missing required property: name'")
  tenant.clients.push(client)
  // Returned only once, by the creation.
  return { status: 201, body: clientShape(client, tenant, forKeys) }
}

/** @returns a refusal; undefined if the change was made */
function changeClient(client: LocalClient, call: Call): Answer | undefined {
  const body = bodyOf(call, knownSettings)
  if (isAnswer(body)) return body
  const { client_secret: secret, name, callbacks, allowed_logout_urls: logoutUrls, grant_types: grants, ...rest } = body
  if (secret !== undefined && !call.scopes.includes('update:client_keys')) {
    return problem(403, 'Forbidden', 'Insufficient scope, expected any of: update:client_keys')
  }
  if (secret !== undefined && (typeof secret !== 'string' || secret.length === 0)) {
    return problem(400, 'Bad Request', 'Payload validation error: client_secret')
  }
  const refusal = refusalOfMethod(client, rest) ?? changeCredentials(client, rest.client_authentication_methods, call)
  if (refusal) return refusal
  if (typeof secret === 'string') client.clientSecret = secret
  if (typeof name === 'string') client.name = name
  if (isTextList(callbacks)) client.callbacks = callbacks
  if (isTextList(logoutUrls)) client.logoutUrls = logoutUrls
  if (isTextList(grants)) client.grantTypes = grants as GrantType[]
  changeLogout(client, rest.oidc_logout)
  const { client_authentication_methods: _methods, oidc_logout: _logout, ...settings } = rest
  client.settings = { ...client.settings, ...settings }
  return undefined
}

/** The way to authenticate with a secret cannot be set beside keys. */
function refusalOfMethod(
  client: LocalClient,
  { token_endpoint_auth_method: method, ...rest }: Record<string, unknown>,
) {
  const { client_authentication_methods: methods } = rest
  const hasKeys = methods === undefined ? (client.activeCredentials ?? []).length > 0 : methods !== null
  if (typeof method !== 'string' || !hasKeys) return undefined
  const both = 'client_authentication_methods and token_endpoint_auth_method are mutually exclusive'
  return problem(400, 'Bad Request', `Payload validation error: '${both}'`)
}

function changeLogout(client: LocalClient, logout: unknown): void {
  if (typeof logout !== 'object' || logout === null) return
  const { backchannel_logout_urls: urls, backchannel_logout_initiators: initiators } = logout as Record<string, unknown>
  if (isTextList(urls)) client.backchannelLogoutUrls = urls
  const { mode, selected_initiators: selected } = (initiators ?? {}) as Record<string, unknown>
  if (mode === 'all') client.backchannelLogoutInitiators = 'all'
  if (mode === 'custom') client.backchannelLogoutInitiators = isTextList(selected) ? selected : defaultInitiators
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
