import type { Counters } from './counters.ts'
import { createCounters } from './counters.ts'
import type { TokenFaults } from './hostile.ts'
import type {
  Configuration,
  Lifetimes,
  LocalApi,
  LocalClient,
  LocalOrganization,
  LocalUser,
  LoginRecord,
} from './model.ts'

export type TenantSettings = {
  /** Tenant switch "RP-Initiated Logout End Session Endpoint Discovery"; off on tenants older than 2023-11-14. */
  advertiseEndSession: boolean
  /** Back-channel logout is an Enterprise feature: off by default. */
  advertiseBackchannelLogout: boolean
  /** RFC 9126, Enterprise with Highly Regulated Identity: `required` refuses requests that were not pushed. */
  pushedAuthorization: 'none' | 'offered' | 'required'
  /** RFC 9207 `iss` on callbacks; Auth0 does not send it. */
  sendIssuerOnCallback: boolean
  /** `org_name` beside `org_id` is a tenant switch. */
  sendOrganizationName: boolean
  /** Unix seconds of the upstream session's end, put into ID tokens as `session_expiry`; undefined leaves it out. */
  sessionExpirySeconds: number | undefined
  /** Faults to put into every ID token; none by default. */
  idTokenFaults: TokenFaults
  userinfoCallsPerMinute: number
  managementCallsPerMinute: number
  /** Auth0 Groups are early access: without them their endpoints answer 404. */
  groups: boolean
  /** Ids of users whom the search does not find yet: it lags behind, reading by id does not. */
  notYetIndexed: string[]
  /** Streams of the Events API at once: Free 1, self-service 4, Enterprise 8. */
  eventConnections: number
  eventHeartbeatMs: number
  eventRetryAfterSeconds: number
}

export type SecretOverlap = { oldSecret: string; untilMs: number }

export type Tenant = {
  issuer: string
  users: LocalUser[]
  clients: LocalClient[]
  apis: LocalApi[]
  organizations: LocalOrganization[]
  lifetimes: Lifetimes
  settings: TenantSettings
  configuration: Configuration
  tenantLogoutUrls: string[]
  counters: Counters
  /** Logins by the id of their grant. */
  logins: Map<string, LoginRecord>
  /** Parameters of the latest /authorize request, to see what an application sent. */
  lastAuthorize: Record<string, string>
  secretOverlaps: Map<string, SecretOverlap>
  clockOffsetSeconds: number
  nowMs: () => number
  acceptedSecret: (client: LocalClient) => string
  random: () => number
}

type TenantInput = Pick<
  Tenant,
  'issuer' | 'users' | 'clients' | 'apis' | 'organizations' | 'lifetimes' | 'tenantLogoutUrls' | 'random'
> & { now: () => number }

export function createTenant({ now, ...input }: TenantInput): Tenant {
  const tenant: Tenant = {
    ...input,
    settings: {
      advertiseEndSession: true,
      advertiseBackchannelLogout: false,
      pushedAuthorization: 'none',
      sendIssuerOnCallback: false,
      sendOrganizationName: true,
      sessionExpirySeconds: undefined,
      idTokenFaults: {},
      userinfoCallsPerMinute: 10,
      managementCallsPerMinute: 10_000,
      groups: true,
      notYetIndexed: [],
      eventConnections: 4,
      eventHeartbeatMs: 10_000,
      eventRetryAfterSeconds: 5,
    },
    configuration: { roles: [], actions: [], bindings: new Map(), eventStreams: [], connections: [] },
    counters: createCounters(),
    logins: new Map(),
    lastAuthorize: {},
    secretOverlaps: new Map(),
    clockOffsetSeconds: 0,
    nowMs: () => now() + tenant.clockOffsetSeconds * 1000,
    acceptedSecret(client) {
      const overlap = tenant.secretOverlaps.get(client.clientId)
      if (!overlap || overlap.untilMs <= Date.now()) return client.clientSecret
      // While a new secret is distributed, each request may accept either the old or the new one.
      return tenant.random() < 0.5 ? overlap.oldSecret : client.clientSecret
    },
  }
  return tenant
}

export function findUser(tenant: Tenant, id: string): LocalUser | undefined {
  return tenant.users.find((user) => user.id === id)
}

export function findOrganization(tenant: Tenant, idOrName: string): LocalOrganization | undefined {
  const name = idOrName.toLowerCase()
  return tenant.organizations.find((organization) => organization.id === idOrName || organization.name === name)
}

/** Why this request may not sign this user in, in Auth0's words; undefined if it may. */
export function loginRefusal(tenant: Tenant, user: LocalUser, organization: string | undefined): string | undefined {
  if (user.blocked) return 'user is blocked'
  if (organization === undefined) return undefined
  const found = findOrganization(tenant, organization)
  if (found && user.organizations.includes(found.id)) return undefined
  return `user ${user.id} is not part of the ${found?.id ?? organization} organization`
}
