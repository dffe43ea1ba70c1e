import { withSlash } from '../../config/values/addresses.ts'
import { fetchManagementToken, tokenRefusalIn } from '../../oidc/client-credentials.ts'
import { application } from './auth0-checks.ts'
import { fetchOf, type CheckContext } from './check-context.ts'
import { type Check, type Fault, nothingToAsk, type Outcome, withoutDiscovery } from './check.ts'
import { answerToLogin, checkCredentials } from './login-request-checks.ts'

const timeoutMs = 10_000

/** Keys, APIs, claims and events: what a configuration names at Auth0 beside the application. */
export const accessChecks: readonly Check[] = [
  {
    id: 'auth0-private-key',
    title: 'Auth0 accepts the private key',
    severity: 'error',
    meaning: 'Nobody can finish a login with it: the public key is not there, has expired, or the clocks disagree.',
    fix: `${application} → Credentials → Private Key JWT: add the public key, or run stagedoor rotate private-key-jwt.`,
    unless: ['auth0-client-id'],
    run: (context) => checkCredentials(context, 'privateKeys', 'private-key-jwt'),
  },
  {
    id: 'auth0-machine-audience',
    title: 'the APIs that machines ask for are there',
    severity: 'error',
    meaning: 'No machine can get a token for it.',
    unless: ['auth0-client-id', 'auth0-callback', 'auth0-grant-type', 'auth0-organization'],
    run: checkMachineAudiences,
  },
  {
    id: 'auth0-claims',
    title: 'roles and groups are read from claims that Auth0 keeps',
    severity: 'warning',
    meaning: 'Auth0 drops such claims from tokens, so that everybody is without them.',
    run: checkClaims,
  },
  {
    id: 'auth0-events',
    title: 'Auth0’s events can be read',
    severity: 'error',
    meaning: 'Blocked and deleted users stay signed in until their next refresh.',
    fix: 'Auth0 → Applications → APIs → Auth0 Management API → Machine to Machine Applications: allow read:events.',
    run: checkEvents,
  },
]

async function checkMachineAudiences(context: CheckContext): Promise<Outcome> {
  const { auth0, machines } = context.config
  const others = machines.audiences.filter((each) => each !== auth0.audience)
  if (others.length === 0) return nothingToAsk
  if ((await context.discovery()) === undefined) return withoutDiscovery
  const faults: Fault[] = []
  for (const audience of others) {
    const answer = await answerToLogin(context, audience)
    if (answer === undefined || !/service not found/i.test(answer.text)) continue
    faults.push({
      found: `Auth0 has no API ${audience}: ${answer.text}`,
      fix: `Auth0 → Applications → APIs: make an API with the identifier ${audience}, or correct machines.audiences.`,
    })
  }
  return faults
}

/** Auth0 drops a custom claim without a namespace where its name is reserved, `roles` and `groups` among them. */
async function checkClaims({ config: { auth0 } }: CheckContext): Promise<Outcome> {
  if (!new URL(auth0.issuer).hostname.endsWith('.auth0.com')) return nothingToAsk
  const { roles, groups } = auth0.claims
  const plain = Object.entries({ roles, groups }).filter(([, names]) => names.every((name) => !name.includes('://')))
  return plain.map(([kind, names]) => ({
    found: `auth0.claims.${kind} names ${names.join(', ')} only`,
    fix: `Set a claim such as https://example.com/${kind} in a post-login Action, and name it in auth0.claims.${kind}.`,
  }))
}

const noToken = { because: 'Auth0 gives no token now' }

/** Gets the token that `auth0.events.pull` needs, as the gateway does. */
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
