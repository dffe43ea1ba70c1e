import { randomUUID } from 'node:crypto'

import type { KeyRing } from './keys.ts'
import type { LocalClient } from './model.ts'
import type { Tenant } from './tenant.ts'

export type Delivery = { clientId: string; url: string; sid: string; status: number }

/** What to change about a logout token; a value of `undefined` (or `null`, over HTTP) removes the claim. */
export type LogoutTokenOverrides = {
  clientId?: string
  sid?: string
  sub?: string
  url?: string
  claims?: Record<string, unknown>
  header?: Record<string, string>
}

export type Backchannel = {
  deliveries: Delivery[]
  /** Notifies every application of this SSO session whose initiators include the event. */
  sessionEnded: (sid: string, initiator: string) => Promise<Delivery[]>
  /** Notifies the applications of every session of the user. */
  userEvent: (userId: string, initiator: string) => Promise<Delivery[]>
  /** Sends one token on command: to all sessions that match `sid` and `sub`, or to the `url` given. */
  send: (overrides?: LogoutTokenOverrides) => Promise<Delivery[]>
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const timeoutMs = 5000

type Target = { client: LocalClient; sid: string; userId: string }

/** The sender of OIDC Back-Channel Logout 1.0 tokens, with Auth0's `typ: JWT` and 120 s of life. No retries. */
export function createBackchannel(tenant: Tenant, keys: KeyRing): Backchannel {
  const deliveries: Delivery[] = []

  async function deliver({ client, sid, userId }: Target, url: string, overrides: LogoutTokenOverrides) {
    const token = await keys.sign(
      logoutClaims(tenant, client.clientId, sid, userId, overrides.claims),
      overrides.header,
    )
    const status = await post(url, token)
    const delivery = { clientId: client.clientId, url, sid, status }
    deliveries.push(delivery)
    return delivery
  }

  async function deliverAll(targets: Target[], overrides: LogoutTokenOverrides = {}): Promise<Delivery[]> {
    const sends = targets.flatMap((target) =>
      (overrides.url === undefined ? target.client.backchannelLogoutUrls : [overrides.url]).map((url) =>
        deliver(target, url, overrides),
      ),
    )
    return Promise.all(sends)
  }

  return {
    deliveries,
    sessionEnded: (sid, initiator) => deliverAll(targetsOf(tenant, { sid }).filter(listensTo(initiator))),
    userEvent: (userId, initiator) => deliverAll(targetsOf(tenant, { sub: userId }).filter(listensTo(initiator))),
    send(overrides = {}) {
      const targets = targetsOf(tenant, overrides)
      return deliverAll(targets.length > 0 ? targets : inventedTarget(tenant, overrides), overrides)
    },
  }
}

function listensTo(initiator: string) {
  return ({ client }: Target): boolean =>
    client.backchannelLogoutInitiators === 'all' || client.backchannelLogoutInitiators.includes(initiator)
}

/** One target for each application and session, from the logins that were recorded. */
function targetsOf(tenant: Tenant, { sid, sub, clientId }: LogoutTokenOverrides): Target[] {
  const targets = new Map<string, Target>()
  for (const login of tenant.logins.values()) {
    if (sid !== undefined && login.sid !== sid) continue
    if (sub !== undefined && login.userId !== sub) continue
    if (clientId !== undefined && login.clientId !== clientId) continue
    const client = tenant.clients.find((candidate) => candidate.clientId === login.clientId)
    if (client) targets.set(`${login.clientId} ${login.sid}`, { client, sid: login.sid, userId: login.userId })
  }
  return [...targets.values()]
}

/** A session that does not exist, for a gateway that has forgotten or never had the session. */
function inventedTarget(tenant: Tenant, { sid, sub, clientId }: LogoutTokenOverrides): Target[] {
  const client = tenant.clients.find((candidate) => clientId === undefined || candidate.clientId === clientId)
  return client ? [{ client, sid: sid ?? 'unknown-session', userId: sub ?? 'auth0|unknown' }] : []
}

function logoutClaims(
  tenant: Tenant,
  clientId: string,
  sid: string,
  userId: string,
  overrides: Record<string, unknown> = {},
): Record<string, unknown> {
  const iat = Math.floor(tenant.nowMs() / 1000)
  const claims = {
    iss: tenant.issuer,
    sub: userId,
    aud: clientId,
    iat,
    exp: iat + 120,
    jti: randomUUID(),
    events: { [logoutEvent]: {} },
    trace_id: randomUUID(),
    sid,
    ...overrides,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined && value !== null))
}

/** @returns the status, or 0 if the receiver could not be reached */
async function post(url: string, logoutToken: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: logoutToken }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'manual',
    })
    await response.body?.cancel()
    return response.status
  } catch {
    return 0
  }
}
