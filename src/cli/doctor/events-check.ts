import { withSlash } from '../../config/values/addresses.ts'
import { fetchManagementToken, tokenRefusalIn } from '../../oidc/client-credentials-grant.ts'
import { fetchOf, type CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome, withoutDiscovery } from './check.ts'

const timeoutMs = 10_000

export const eventsCheck: Check = {
  id: 'auth0-events',
  title: 'Auth0’s events can be read',
  severity: 'error',
  meaning: 'Blocked and deleted users stay signed in until their next refresh.',
  fix: 'Auth0 → Applications → APIs → Auth0 Management API → Machine to Machine Applications: allow read:events.',
  run: checkEvents,
}

const noToken = { because: 'Auth0 gives no token now' }

/** Fetches the token for `auth0.events.pull` as the gateway does. */
async function checkEvents(context: CheckContext): Promise<Outcome> {
  const { issuer, events } = context.config.auth0
  if (events?.pull === undefined) return nothingToAsk
  if ((await context.discovery()) === undefined) return withoutDiscovery
  const client = { issuer: withSlash(issuer), ...events.pull, clientSecret: events.pull.clientSecret.reveal() }
  const answer = await fetchManagementToken(client, { fetch: fetchOf(context), timeoutMs }).catch(tokenRefusalIn)
  if (answer === undefined) return noToken
  const forEvents = 'for auth0.events.pull Auth0 gives'
  if ('token' in answer) {
    return answer.scopes.includes('read:events') ? undefined : `${forEvents} a token without read:events`
  }
  const { status, description } = answer
  if (status === 429 || status >= 500) return noToken
  const found = `${forEvents} ${status} ${description}`.trim()
  if (status !== 401) return found
  return { found, fix: 'Copy Client ID and Client Secret: Auth0 → Applications → <machine-to-machine app> → Settings.' }
}
