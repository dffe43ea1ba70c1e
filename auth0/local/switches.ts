import type { Backchannel, Delivery, LogoutTokenOverrides } from './backchannel.ts'
import type { FaultKind, Faults } from './faults.ts'
import type { KeyRing } from './keys.ts'
import type { EventLog } from './management/events.ts'
import { createPeopleSwitches } from './management/people.ts'
import { userShape } from './management/shapes.ts'
import type { LocalClient, LocalUser } from './model.ts'
import type { Tenant, TenantSettings } from './tenant.ts'
import { findUser } from './tenant.ts'

export type Switches = {
  /** Default `refuse`: the connection is cut. Paths are prefixes; default all. */
  down: (kind?: FaultKind, paths?: string[]) => void
  up: () => void
  /** The next requests below the path prefix get these statuses, one each; 429 with `retry-after: 1`. */
  failNext: (prefix: string, statuses: number[]) => void
  setSlowMs: (ms: number) => void
  setClockOffsetSeconds: (seconds: number) => void
  rotateKeys: (options?: { revoke?: boolean }) => Promise<void>
  /** A blocked user cannot sign in or refresh. Applications with that initiator are notified. */
  blockUser: (id: string, blocked?: boolean) => Promise<Delivery[]>
  setRoles: (id: string, roles: string[]) => void
  setGroups: (id: string, groups: string[]) => void
  createUser: (user: LocalUser) => void
  deleteUser: (id: string) => void
  /** Emits one `organization.member.*` event for each that was added or deleted. */
  setOrganizations: (id: string, organizationIds: string[]) => void
  setUser: (id: string, change: Partial<Omit<LocalUser, 'id'>>) => void
  /** With an overlap, old and new secret work at random for that long, as while Auth0 spreads a change. */
  setClientSecret: (clientId: string, secret: string, options?: { overlapSeconds?: number }) => void
  setClient: (clientId: string, change: Partial<Omit<LocalClient, 'clientId' | 'clientSecret'>>) => void
  setSettings: (change: Partial<TenantSettings>) => void
  setRotationLeewaySeconds: (seconds: number) => void
  sendBackchannelLogout: (overrides?: LogoutTokenOverrides) => Promise<Delivery[]>
  /** One event of the Events API, such as `user.updated`; gives its offset. */
  emitEvent: (type: string, object: Record<string, unknown>) => string
  /** Sends `offset-only` heartbeats now. */
  beatEvents: () => void
  /** Makes every offset issued so far too old (410). */
  expireEvents: () => void
  /** Ends all event streams, as Auth0 does every few minutes; with a message: as a terminal error. */
  endEventStreams: (errorMessage?: string) => void
  resetCounters: () => void
}

/** All switches that a test can set at run time. Arguments are JSON, so that the control API offers the same. */
export function createSwitches(
  tenant: Tenant,
  keys: KeyRing,
  faults: Faults,
  backchannel: Backchannel,
  events: EventLog,
): Switches {
  const user = (id: string) => {
    const found = findUser(tenant, id)
    if (!found) throw new Error(`no such user: ${id}`)
    return found
  }
  const client = (id: string) => {
    const found = tenant.clients.find(({ clientId }) => clientId === id)
    if (!found) throw new Error(`no such client: ${id}`)
    return found
  }

  return {
    down: faults.down,
    up: faults.up,
    failNext: faults.failNext,
    setSlowMs: (ms) => void (faults.slowMs = ms),
    setClockOffsetSeconds: (seconds) => void (tenant.clockOffsetSeconds = seconds),
    rotateKeys: keys.rotate,
    async blockUser(id, blocked = true) {
      user(id).blocked = blocked
      events.emit('user.updated', { ...userShape(user(id)), blocked })
      return blocked ? backchannel.userEvent(id, 'account-deactivated') : []
    },
    setRoles: (id, roles) => void (user(id).roles = roles),
    setGroups: (id, groups) => void (user(id).groups = groups),
    ...createPeopleSwitches(tenant, events),
    setUser(id, change) {
      Object.assign(user(id), change)
      events.emit('user.updated', userShape(user(id)))
    },
    setClientSecret(clientId, secret, { overlapSeconds = 0 } = {}) {
      const changed = client(clientId)
      tenant.secretOverlaps.set(clientId, {
        oldSecret: changed.clientSecret,
        untilMs: Date.now() + overlapSeconds * 1000,
      })
      changed.clientSecret = secret
    },
    setClient: (clientId, change) => void Object.assign(client(clientId), change),
    setSettings: (change) => void Object.assign(tenant.settings, change),
    setRotationLeewaySeconds: (seconds) => void (tenant.lifetimes.rotationLeewaySeconds = seconds),
    sendBackchannelLogout: backchannel.send,
    emitEvent: events.emit,
    beatEvents: events.beat,
    expireEvents: events.expire,
    endEventStreams: (errorMessage) => (errorMessage === undefined ? events.cycle() : events.fail(errorMessage)),
    resetCounters: () => tenant.counters.reset(),
  }
}
