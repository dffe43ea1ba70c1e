import type { LocalUser } from '../model.ts'
import type { Tenant } from '../tenant.ts'
import { findOrganization, findUser } from '../tenant.ts'
import type { EventLog } from './events.ts'
import { organizationShape, userShape } from './shapes.ts'

/** Switches that add, change and delete users, with the events that Auth0 sends. */
export function createPeopleSwitches(tenant: Tenant, events: EventLog) {
  return {
    createUser(user: LocalUser): void {
      if (findUser(tenant, user.id)) throw new Error(`there is a user ${user.id} already`)
      tenant.users.push({ createdAt: new Date(tenant.nowMs()).toISOString(), ...user })
      events.emit('user.created', userShape(user))
    },
    deleteUser(id: string): void {
      const index = tenant.users.findIndex((user) => user.id === id)
      const [user] = index === -1 ? [] : tenant.users.splice(index, 1)
      if (!user) throw new Error(`no such user: ${id}`)
      events.emit('user.deleted', userShape(user))
    },
    setOrganizations(id: string, organizationIds: string[]): void {
      const user = findUser(tenant, id)
      if (!user) throw new Error(`no such user: ${id}`)
      const before = user.organizations
      user.organizations = organizationIds
      for (const added of organizationIds.filter((organization) => !before.includes(organization))) {
        events.emit('organization.member.added', memberOf(added, user))
      }
      for (const deleted of before.filter((organization) => !organizationIds.includes(organization))) {
        events.emit('organization.member.deleted', memberOf(deleted, user))
      }
    },
  }

  function memberOf(organizationId: string, { id }: LocalUser): Record<string, unknown> {
    const organization = findOrganization(tenant, organizationId)
    return {
      organization: organization ? organizationShape(organization) : { id: organizationId },
      user: { user_id: id },
    }
  }
}
