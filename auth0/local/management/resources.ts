import { randomBytes } from 'node:crypto'

import type { LocalClient, LocalUser } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { findOrganization, findUser } from '../tenant.ts'
import { changeCredentials, credentialResources } from './credentials.ts'
import { groupResources } from './groups.ts'
import { list, notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'
import { searchUsers } from './search.ts'
import { clientShape, memberShape, organizationShape, roleNames, roleShape, userShape } from './shapes.ts'

/** The endpoints that a gateway, its doctor and a catalog importer need; first match wins. */
export function managementResources(tenant: Tenant): Resource[] {
  return [
    ...userResources(tenant),
    ...roleResources(tenant),
    ...organizationResources(tenant),
    ...groupResources(tenant),
    ...clientResources(tenant),
    ...credentialResources(tenant),
  ]
}

function userResources(tenant: Tenant): Resource[] {
  const withUser = (call: Call, answer: (user: LocalUser) => Answer): Answer => {
    const user = findUser(tenant, call.parameters[0] ?? '')
    return user ? answer(user) : notFound('The user does not exist.')
  }
  const rolesOf = (call: Call) => withUser(call, (user) => list(user.roles, call, 'roles', roleShape))
  return [
    read('users', ['read:users'], (call) => {
      const { notYetIndexed } = tenant.settings
      const indexed =
        notYetIndexed.length === 0 ? tenant.users : tenant.users.filter(({ id }) => !notYetIndexed.includes(id))
      const found = searchUsers(indexed, call.query)
      return found ? list(found, call, 'users', userShape) : problem(400, 'Bad Request', 'Invalid query or sort')
    }),
    read('users-by-email', ['read:users'], ({ query }) =>
      ok(tenant.users.filter((user) => user.email === query.get('email')).map(userShape)),
    ),
    read('users/*', ['read:users'], (call) => withUser(call, (user) => ok(userShape(user)))),
    read('users/*/roles', ['read:users', 'read:roles'], rolesOf),
    read('users/*/organizations', ['read:organizations'], (call) =>
      withUser(call, (user) => {
        const memberships = tenant.organizations.filter(({ id }) => user.organizations.includes(id))
        return list(memberships, call, 'organizations', organizationShape)
      }),
    ),
  ]
}

function roleResources(tenant: Tenant): Resource[] {
  const withRole = (call: Call, answer: (name: string) => Answer): Answer => {
    const name = roleNames(tenant).find((candidate) => roleShape(candidate).id === call.parameters[0])
    return name === undefined ? notFound('The role does not exist.') : answer(name)
  }
  return [
    read('roles', ['read:roles'], (call) => list(roleNames(tenant), call, 'roles', roleShape)),
    read('roles/*', ['read:roles'], (call) => withRole(call, (name) => ok(roleShape(name)))),
    read('roles/*/users', ['read:role_members'], (call) =>
      withRole(call, (name) => {
        const members = tenant.users.filter((user) => user.roles.includes(name))
        return list(members, call, 'users', (user) => memberShape(user, false))
      }),
    ),
  ]
}

function organizationResources(tenant: Tenant): Resource[] {
  const withMembers = (call: Call, answer: (members: LocalUser[]) => Answer): Answer => {
    const organization = findOrganization(tenant, call.parameters[0] ?? '')
    if (!organization) return notFound('No organization found by that id or name')
    return answer(tenant.users.filter((user) => user.organizations.includes(organization.id)))
  }
  return [
    read('organizations', ['read:organizations'], (call) =>
      list(tenant.organizations, call, 'organizations', organizationShape),
    ),
    read('organizations/*', ['read:organizations'], ({ parameters: [id = ''] }) => {
      const organization = findOrganization(tenant, id)
      return organization ? ok(organizationShape(organization)) : notFound('No organization found by that id or name')
    }),
    read('organizations/*/members', ['read:organization_members'], (call) => {
      const withRoles = call.query.get('fields')?.split(',').includes('roles') === true
      return withMembers(call, (members) => list(members, call, 'members', (user) => memberShape(user, withRoles)))
    }),
    read('organizations/*/members/*/roles', ['read:organization_member_roles'], (call) =>
      withMembers(call, (members) => {
        const member = members.find(({ id }) => id === call.parameters[1])
        if (!member) return notFound('The member does not exist.')
        return list(member.roles, call, 'roles', roleShape)
      }),
    ),
  ]
}

function clientResources(tenant: Tenant): Resource[] {
  const withClient = (call: Call, answer: (client: LocalClient) => Answer): Answer => {
    const client = tenant.clients.find(({ clientId }) => clientId === call.parameters[0])
    return client ? answer(client) : notFound('The client does not exist')
  }
  const show = (client: LocalClient, { scopes }: Call) =>
    ok(clientShape(client, tenant, scopes.includes('read:client_keys')))
  return [
    read('clients/*', ['read:clients'], (call) => withClient(call, (client) => show(client, call))),
    {
      method: 'PATCH',
      path: 'clients/*',
      scopes: ['update:clients'],
      answer: (call) => withClient(call, (client) => changeClient(client, call) ?? show(client, call)),
    },
    {
      method: 'POST',
      path: 'clients/*/rotate-secret',
      scopes: ['update:client_keys'],
      answer: (call) =>
        withClient(call, (client) => {
          client.clientSecret = randomBytes(48).toString('base64url')
          return ok(clientShape(client, tenant, true))
        }),
    },
  ]
}

/** Gives a refusal, or nothing when the change was made. */
function changeClient(client: LocalClient, { body, scopes }: Call): Answer | undefined {
  if (typeof body !== 'object' || body === null) return problem(400, 'Bad Request', 'Payload validation error')
  const change = body as Record<string, unknown>
  const secret = change.client_secret
  if (secret !== undefined && !scopes.includes('update:client_keys')) {
    return problem(403, 'Forbidden', 'Insufficient scope, expected any of: update:client_keys')
  }
  if (secret !== undefined && (typeof secret !== 'string' || secret.length === 0)) {
    return problem(400, 'Bad Request', 'Payload validation error: client_secret')
  }
  if (typeof secret === 'string') client.clientSecret = secret
  changeCredentials(client, change.client_authentication_methods)
  if (typeof change.name === 'string') client.name = change.name
  if (isTextList(change.callbacks)) client.callbacks = change.callbacks
  if (isTextList(change.allowed_logout_urls)) client.logoutUrls = change.allowed_logout_urls
  return undefined
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
