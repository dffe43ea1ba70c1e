import type { LocalUser } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { findOrganization, findUser } from '../tenant.ts'
import { actionResources } from './actions.ts'
import { apiResources } from './apis.ts'
import { clientResources } from './clients.ts'
import { credentialResources } from './credentials.ts'
import { eventStreamResources } from './event-streams.ts'
import { groupResources } from './groups.ts'
import { change, list, notFound, ok, problem, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'
import { searchUsers } from './search.ts'
import { memberShape, organizationShape, roleNames, roleShape, userShape } from './shapes.ts'

/** The endpoints that a gateway, its setup, its doctor and a catalog importer need; first match wins. */
export function managementResources(tenant: Tenant): Resource[] {
  return [
    ...userResources(tenant),
    ...roleResources(tenant),
    ...organizationResources(tenant),
    ...groupResources(tenant),
    ...clientResources(tenant),
    ...credentialResources(tenant),
    ...apiResources(tenant),
    ...actionResources(tenant),
    ...eventStreamResources(tenant),
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
  const { configuration } = tenant
  const shape = (name: string) => ({ ...roleShape(name), ...configuration.roles.find((role) => role.name === name) })
  return [
    read('roles', ['read:roles'], (call) => {
      const filter = call.query.get('name_filter')
      const names = roleNames(tenant).filter((name) => filter === null || name.includes(filter))
      return list(names, call, 'roles', shape)
    }),
    read('roles/*', ['read:roles'], (call) => withRole(call, (name) => ok(shape(name)))),
    change('POST', 'roles', 'create:roles', ({ body }) => {
      const { name, description } = (body ?? {}) as { name: string; description?: string }
      if (roleNames(tenant).includes(name)) return problem(409, 'Conflict', 'The role name is already in use')
      configuration.roles.push({ name, ...(description === undefined ? {} : { description }) })
      return ok(shape(name))
    }),
    change('PATCH', 'roles/*', 'update:roles', (call) =>
      withRole(call, (name) => {
        const role = configuration.roles.find((candidate) => candidate.name === name)
        const { description } = (call.body ?? {}) as { description?: string }
        if (role && description !== undefined) role.description = description
        return ok(shape(name))
      }),
    ),
    change('DELETE', 'roles/*', 'delete:roles', (call) =>
      withRole(call, (name) => {
        configuration.roles = configuration.roles.filter((role) => role.name !== name)
        return ok(undefined)
      }),
    ),
    read('roles/*/permissions', ['read:roles'], (call) =>
      withRole(call, () => list([], call, 'permissions', () => ({}))),
    ),
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
