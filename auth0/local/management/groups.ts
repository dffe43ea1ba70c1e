import type { Tenant } from '../tenant.ts'
import { findUser } from '../tenant.ts'
import { list, notFound, read } from './resource.ts'
import type { Answer, Call, Resource } from './resource.ts'
import { groupNames, groupShape, memberShape } from './shapes.ts'

/** Auth0 Groups (early access): one for every name in the users' `groups`. */
export function groupResources(tenant: Tenant): Resource[] {
  const ifThere = (answer: (call: Call) => Answer) => (call: Call) =>
    tenant.settings.groups ? answer(call) : notFound('Not Found')
  const withGroup = (answer: (name: string, call: Call) => Answer) =>
    ifThere((call) => {
      const name = groupNames(tenant).find((candidate) => groupShape(candidate).id === call.parameters[0])
      return name === undefined ? notFound('The group does not exist.') : answer(name, call)
    })
  return [
    read(
      'groups',
      ['read:groups'],
      ifThere((call) => list(groupNames(tenant), call, 'groups', groupShape)),
    ),
    read(
      'groups/*',
      ['read:groups'],
      withGroup((name) => ({ status: 200, body: groupShape(name) })),
    ),
    read(
      'groups/*/members',
      ['read:group_members'],
      withGroup((name, call) => {
        const members = tenant.users.filter((user) => user.groups.includes(name))
        return list(members, call, 'members', (user) => memberShape(user, false))
      }),
    ),
    read(
      'users/*/groups',
      ['read:groups'],
      ifThere((call) => {
        const user = findUser(tenant, call.parameters[0] ?? '')
        return user ? list(user.groups, call, 'groups', groupShape) : notFound('The user does not exist.')
      }),
    ),
  ]
}
