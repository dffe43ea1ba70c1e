import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { JWK } from 'jose'

import type { Delivery } from './backchannel.ts'
import { createBackchannel } from './backchannel.ts'
import { controlPath, createControl } from './control.ts'
import type { Counters } from './counters.ts'
import { counterOf } from './counters.ts'
import { createFaults } from './faults.ts'
import { createKeyRing, type KeyPair } from './keys.ts'
import { createManagementApi, managementPath } from './management/api.ts'
import { createEventLog } from './management/events.ts'
import { syntheticUsers } from './management/synthetic.ts'
import type { Lifetimes, LocalApi, LocalClient, LocalOrganization, LocalUser } from './model.ts'
import { createProvider } from './provider.ts'
import { installRoutes } from './routes.ts'
import {
  demoApis,
  demoAudience,
  demoClients,
  demoLifetimes,
  demoOrganizations,
  demoUsers,
  managementApi,
} from './seed.ts'
import type { Switches } from './switches.ts'
import { createSwitches } from './switches.ts'
import type { Tenant, TenantSettings } from './tenant.ts'
import { createTenant } from './tenant.ts'

export type LocalAuth0Options = {
  /** 0, the default, takes a free port. */
  port?: number
  /** Listen address; default 127.0.0.1. */
  host?: string
  /** Host name in the issuer; default 127.0.0.1. */
  issuerHost?: string
  /** The whole issuer, with its trailing slash, when neither host nor port are what browsers see. */
  issuer?: string
  clients?: LocalClient[]
  /** Added to the first (web) client's lists. */
  callbacks?: string[]
  logoutUrls?: string[]
  tenantLogoutUrls?: string[]
  users?: LocalUser[]
  /** Number of additional users, members of `org_big`. */
  syntheticUsers?: number
  organizations?: LocalOrganization[]
  apis?: LocalApi[]
  lifetimes?: Partial<Lifetimes>
  settings?: Partial<TenantSettings>
  /** The tenant's clock in ms, for times in tokens. The provider's own expiries use the real clock. */
  now?: () => number
  random?: () => number
  /** Makes the RSA keys that sign tokens. */
  makeKeyPair?: () => Promise<KeyPair>
}

export type LocalAuth0 = {
  /** Ends in a slash, as Auth0's does. */
  issuer: string
  clientId: string
  clientSecret: string
  machine: { clientId: string; clientSecret: string }
  /** A client with all scopes of the local Management API. */
  management: { clientId: string; clientSecret: string }
  audience: string
  users: LocalUser[]
  tenant: Tenant
  switches: Switches
  counters: Counters
  /** The private key that signs now, with its `kid`: for tests that forge. */
  signingKey: () => JWK
  /** The number of open event streams. */
  eventStreams: () => number
  /** Logout tokens sent so far, with the answers of the receivers. */
  backchannelDeliveries: Delivery[]
  /** Cuts every connection, including idle ones: the next client has to resolve the name and connect. */
  dropConnections: () => void
  close: () => Promise<void>
}

const notReady: RequestListener = (_request, response) => void response.writeHead(503).end()

/** Starts the local Auth0 and resolves when it listens. All state is in memory and lost after close(). */
export async function startLocalAuth0(options: LocalAuth0Options = {}): Promise<LocalAuth0> {
  let handle = notReady
  const server = createServer((request, response) => handle(request, response))
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1')

  const tenant = tenantOf(options, (server.address() as AddressInfo).port)
  const keys = await createKeyRing(options.makeKeyPair)
  const faults = createFaults()
  const backchannel = createBackchannel(tenant, keys)
  const events = createEventLog(tenant)
  const manage = createManagementApi(tenant, keys, events)
  const switches = createSwitches(tenant, keys, faults, backchannel, events)
  const control = createControl(tenant, switches, keys.currentKid)
  const provider = createProvider(tenant, keys)
  installRoutes(tenant, provider, keys, backchannel)
  const oidc = provider.callback()

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0] ?? '/'
    if (path === controlPath) return control(request, response)
    const counter = counterOf(path)
    if (counter) tenant.counters[counter] += 1
    response.setHeader('date', new Date(tenant.nowMs()).toUTCString())
    if (await faults.intercept(path, response)) return
    if (path.startsWith(managementPath)) return manage(request, response)
    await oidc(request, response)
  }
  handle = (request, response) => {
    serve(request, response).catch(() => response.destroy())
  }

  const [web, machine] = tenant.clients
  if (!web) throw new Error('at least one client is needed')
  return {
    issuer: tenant.issuer,
    clientId: web.clientId,
    clientSecret: web.clientSecret,
    machine: credentialsOf(machine),
    management: credentialsOf(tenant.clients.find((client) => client.managementScopes)),
    audience: tenant.apis[0]?.identifier ?? demoAudience,
    users: tenant.users,
    tenant,
    switches,
    counters: tenant.counters,
    eventStreams: events.connections,
    signingKey: keys.currentPrivateJwk,
    backchannelDeliveries: backchannel.deliveries,
    dropConnections: () => server.closeAllConnections(),
    async close() {
      faults.close()
      events.cycle()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function credentialsOf(client: LocalClient | undefined) {
  return { clientId: client?.clientId ?? '', clientSecret: client?.clientSecret ?? '' }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}

function tenantOf(options: LocalAuth0Options, port: number): Tenant {
  const clients = options.clients ?? demoClients()
  clients[0]?.callbacks.push(...(options.callbacks ?? []))
  clients[0]?.logoutUrls.push(...(options.logoutUrls ?? []))
  const issuer = options.issuer ?? `http://${options.issuerHost ?? '127.0.0.1'}:${port}/`
  const managementAudience = `${issuer}api/v2/`
  for (const client of clients) {
    if (client.managementScopes) client.apiScopes[managementAudience] = client.managementScopes
  }
  const tenant = createTenant({
    issuer,
    users: (options.users ?? demoUsers()).concat(syntheticUsers(options.syntheticUsers ?? 0)),
    clients,
    apis: (options.apis ?? demoApis()).concat(managementApi(managementAudience)),
    organizations: options.organizations ?? demoOrganizations(),
    lifetimes: { ...demoLifetimes, ...options.lifetimes },
    tenantLogoutUrls: options.tenantLogoutUrls ?? [],
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  })
  Object.assign(tenant.settings, options.settings)
  return tenant
}
