// This folder: `stagedoor doctor`; each file checks one thing that the gateway depends on.

import type { CheckContext } from './check-context.ts'
import { type Check, type Fault, nothingToAsk, type Outcome, unread } from './check.ts'

const apis = 'Auth0 → Applications → APIs → <API>'

/** Checks of APIs, grants and event streams, read with a Management API token. */
export const apiChecks: readonly Check[] = [
  {
    id: 'auth0-api',
    title: 'the API gives refresh tokens without asking people for consent',
    severity: 'warning',
    meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
    fix: `${apis} → Settings → Allow Offline Access.`,
    run: judgeApi,
  },
  {
    id: 'auth0-api-tokens',
    title: 'access tokens can be verified',
    severity: 'error',
    meaning: 'Stagedoor refuses such tokens with 401: it verifies signatures with Auth0’s public keys only.',
    run: judgeTokens,
  },
  {
    id: 'auth0-machine-grants',
    title: 'machines may ask for the APIs',
    severity: 'warning',
    meaning: 'Machines get "Client is not authorized to access" in place of a token.',
    fix: `${apis} → Machine to Machine Applications: authorize the application, with its scopes.`,
    run: judgeGrants,
  },
  {
    id: 'auth0-event-stream',
    title: 'Auth0 sends events to Stagedoor',
    severity: 'warning',
    meaning: 'Blocks and lost roles take effect at the next refresh (session.refreshEvery), not within a second.',
    run: judgeStreams,
  },
]

const pathOf = (audience: string): string => `resource-servers/${encodeURIComponent(audience)}`

async function judgeApi(context: CheckContext): Promise<Outcome> {
  const { config, managed } = context
  const { audience, scopes } = config.auth0
  if (audience === undefined) return nothingToAsk
  const api = await managed(pathOf(audience))
  if (api === undefined) return unread(context, pathOf(audience), 'read:resource_servers')
  const faults: (string | Fault)[] = []
  if (api['allow_offline_access'] === false && scopes.includes('offline_access')) {
    faults.push(`the API ${audience} does not allow offline access`)
  }
  if (api['skip_consent_for_verifiable_first_party_clients'] === false) {
    faults.push({
      found: `the API ${audience} asks for consent`,
      meaning: 'Auth0 asks each person once whether Stagedoor may use the API.',
      fix: `${apis} → Settings → Allow Skipping User Consent.`,
    })
  }
  return faults
}

/** Finds APIs whose tokens Stagedoor refuses, because it cannot verify them with Auth0's public keys. */
async function judgeTokens(context: CheckContext): Promise<Outcome> {
  const { auth0, machines } = context.config
  const faults: Fault[] = []
  const audiences = new Set([...machines.audiences, ...(auth0.audience ? [auth0.audience] : [])])
  if (audiences.size === 0) return nothingToAsk
  for (const audience of audiences) {
    const api = await context.managed(pathOf(audience))
    if (api === undefined) return unread(context, pathOf(audience), 'read:resource_servers')
    if ((api['token_encryption'] ?? null) !== null) {
      const fix = `${apis} → Settings: switch Encrypt Access Token off.`
      faults.push({ found: `access tokens for ${audience} are encrypted (JWE)`, fix })
    } else if (api['signing_alg'] === 'HS256') {
      const fix = `${apis} → Settings → Signing Algorithm: RS256.`
      faults.push({ found: `access tokens for ${audience} are signed with HS256`, fix })
    }
  }
  return faults
}

async function judgeGrants(context: CheckContext): Promise<Outcome> {
  const { audiences } = context.config.machines
  if (audiences.length === 0) return nothingToAsk
  const faults: string[] = []
  for (const audience of audiences) {
    const path = `client-grants?audience=${encodeURIComponent(audience)}`
    const grants = await context.managed(path)
    if (grants === undefined) return unread(context, path, 'read:client_grants')
    if (Object.keys(grants).length === 0) faults.push(`no application may ask for ${audience}`)
  }
  return faults
}

type Stream = { status?: string; destination?: { configuration?: { webhook_endpoint?: string } } }

async function judgeStreams(context: CheckContext): Promise<Outcome> {
  const { auth0, server } = context.config
  if (auth0.events?.webhook === undefined) return nothingToAsk
  const answer = await context.managed('event-streams')
  if (answer === undefined) return unread(context, 'event-streams', 'read:event_streams')
  const list = answer['eventStreams'] ?? Object.values(answer)
  const wanted = `${server.baseUrl}${server.prefix}/events`
  const ours = (list as Stream[]).filter(({ destination }) => destination?.configuration?.webhook_endpoint === wanted)
  if (ours.some(({ status = 'enabled' }) => status === 'enabled')) return undefined
  return {
    found: ours.length === 0 ? `no event stream leads to ${wanted}` : `the event stream to ${wanted} is not enabled`,
    fix: `Auth0 → Event Streams: a webhook to ${wanted} with one of auth0.events.webhook.tokens, enabled.`,
  }
}
