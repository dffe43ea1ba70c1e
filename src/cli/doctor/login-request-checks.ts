import type { Config } from '../../config/schema.ts'
import { withSlash } from '../../config/values/addresses.ts'
import { counted } from '../../config/values/quantities.ts'
import type { RotationKind } from '../rotate/step-order.ts'
import { probeSecret } from '../secret-probe.ts'
import { application } from './auth0-checks.ts'
import { sendJsonOf, isNoVerdict, type CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome, withoutDiscovery } from './check.ts'
import type { Answer } from './low-level-requests.ts'

/** How the application is registered at Auth0, as far as requests without a person show. */
export const loginRequestChecks: readonly Check[] = [
  {
    id: 'auth0-callback',
    title: 'the callback URL is registered, and login requests are accepted',
    severity: 'error',
    meaning: 'Auth0 refuses the login request.',
    fix: `Look at the request in Auth0 → Monitoring → Logs, and compare it with ${application}.`,
    run: checkLogin,
  },
  {
    id: 'auth0-client-secret',
    title: 'Auth0 accepts the client secret',
    severity: 'error',
    meaning: 'Nobody can finish a login: the secret is another one, or the application authenticates in another way.',
    fix: `Copy the Client Secret: ${application} → Basic Information. Credentials → Authentication Method: Client Secret (Post).`,
    unless: ['auth0-client-id'],
    run: (context) => checkCredentials(context, 'clientSecrets', 'client-secret'),
  },
]

/** Last of all, so that it sees what the others met. */
export const limitCheck: Check = {
  id: 'auth0-rate-limit',
  title: 'Auth0 did not refuse requests for their number',
  severity: 'warning',
  meaning: 'The tenant’s allowance is used up: logins and refreshes fail now and then. A Free tenant has 300 a minute.',
  fix: 'Auth0 → Monitoring → Logs, type api_limit. Lengthen session.refreshEvery, and keep machines’ tokens.',
  run: async ({ limited }) => (limited() === 0 ? undefined : `Auth0 answered 429 ${counted(limited(), 'time')}`),
}

/** What Auth0 says to a login request that it refuses, and what it means. */
const refusals = [
  {
    pattern: /callback url mismatch|redirect_uri is not in the list/i,
    id: 'auth0-callback',
    meaning: 'People see Auth0’s page "Callback URL mismatch" in place of the login page.',
    fix: (config: Config) => `${application} → Allowed Callback URLs: add ${callbackUrlOf(config)}, letter for letter.`,
  },
  {
    pattern: /service not found/i,
    id: 'auth0-audience',
    meaning: 'No API has this identifier, so every login ends with an error.',
    fix: ({ auth0 }: Config) =>
      `Auth0 → Applications → APIs: make an API with the identifier ${auth0.audience}, or correct auth0.audience.`,
  },
  {
    pattern: /organization/i,
    id: 'auth0-organization',
    meaning: 'The application and the tenant do not agree on organizations, so every login ends with an error.',
    fix: ({ auth0 }: Config) =>
      `${application} → Organizations, and compare auth0.organization (${auth0.organization ?? 'not set'}) with Auth0 → Organizations.`,
  },
  {
    pattern: /unauthorized_client|grant type|client is not allowed|response_type/i,
    id: 'auth0-grant-type',
    meaning: 'The application may not log people in.',
    fix: () =>
      `${application} → Application Type: Regular Web Application, and Advanced Settings → Grant Types: Authorization Code, Refresh Token.`,
  },
  {
    pattern: /invalid_client|unknown client|client (?:is invalid|not found)/i,
    id: 'auth0-client-id',
    meaning: 'The tenant has no such application.',
    fix: () => `Copy the Client ID: ${application} → Basic Information.`,
  },
]

const callbackUrlOf = ({ server }: Config): string => `${server.baseUrl}${server.prefix}/callback`

async function checkLogin(context: CheckContext): Promise<Outcome> {
  if ((await context.discovery()) === undefined) return withoutDiscovery
  const answer = await answerToLogin(context)
  if (answer === undefined) return { because: 'Auth0 says nothing of login requests now' }
  const { status, text } = answer
  if (/^(?:login_required|consent_required|interaction_required)\b/.test(text)) return undefined
  const found = `Auth0 answers a login request with ${status}: ${text}`
  const known = refusals.find(({ pattern }) => pattern.test(text))
  return known === undefined ? found : { id: known.id, found, meaning: known.meaning, fix: known.fix(context.config) }
}

/**
 * What Auth0 says to a login request. With `prompt=none` and no cookies a good one comes back to us with `login_required`, since
 * there is no session. Undefined where it says nothing of the request.
 */
export async function answerToLogin(
  { config, discovery, get }: CheckContext,
  audience = config.auth0.audience,
): Promise<{ status: number; text: string } | undefined> {
  const endpoint = (await discovery())?.['authorization_endpoint']
  if (typeof endpoint !== 'string') return undefined
  const { clientId, scopes, organization } = config.auth0
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callbackUrlOf(config),
    scope: scopes.join(' '),
    state: 'stagedoor-doctor',
    nonce: 'stagedoor-doctor',
    prompt: 'none',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(audience === undefined ? {} : { audience }),
    ...(organization === undefined ? {} : { organization }),
  })
  const answer = await get(`${endpoint}?${query.toString()}`)
  return isNoVerdict(answer) ? undefined : { status: answer.status, text: whatIsSaid(answer) }
}

/** The error that comes back to the callback, or the words of a page of Auth0's. */
function whatIsSaid({ headers, text }: Answer): string {
  const location = headers.get('location')
  if (location !== null && URL.canParse(location)) {
    const { searchParams } = new URL(location)
    return `${searchParams.get('error') ?? ''} ${searchParams.get('error_description') ?? ''}`.trim()
  }
  const words = text.replaceAll(/<(?:style|script)[^]*?<\/(?:style|script)>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return words.trim().slice(0, 200)
}

/** Whether the token endpoint takes the first credential of an option, which is the one in use. */
export async function checkCredentials(
  context: CheckContext,
  option: 'clientSecrets' | 'privateKeys',
  kind: RotationKind,
): Promise<Outcome> {
  const { issuer, clientId, [option]: credentials } = context.config.auth0
  if (credentials.length === 0) return nothingToAsk
  if ((await context.discovery()) === undefined) return withoutDiscovery
  const place = { issuer: withSlash(issuer), clientId, kind }
  const secrets = new Set(credentials.map((secret) => secret.reveal()))
  const answers = await Promise.all([...secrets].map((secret) => probeSecret(place, secret, sendJsonOf(context))))
  const [first, ...others] = answers
  if (first?.error === 'unauthorized_client') {
    return {
      id: 'auth0-grant-type',
      found: 'Auth0 answers unauthorized_client: the grant type is not allowed for the application',
      meaning: 'Nobody can finish a login.',
      fix: `${application} → Advanced Settings → Grant Types: Authorization Code and Refresh Token.`,
    }
  }
  if (first?.verdict === 'unclear') return withoutVerdict(first)
  if (first?.verdict !== 'refused') return undefined
  const found = `Auth0 answers 401 to the first of auth0.${option}`
  if (others.every(({ verdict }) => verdict !== 'accepted')) return found
  return {
    severity: 'warning',
    found: `${found}, and accepts another one`,
    meaning: 'A rotation is under way, or was not finished: logins work, with one request more each.',
    fix: `stagedoor rotate ${kind} --resume, or put the one that works first.`,
  }
}

function withoutVerdict({ status, error }: { status: number; error: string }): Outcome {
  const answer = status === 0 ? 'does not answer' : `answers ${status} ${error}`.trim()
  if (status > 0 && status < 500) return { because: `Auth0’s token endpoint ${answer}` }
  const meaning = 'Nobody can finish a login, and no roles are refreshed.'
  return { found: `Auth0’s token endpoint ${answer}`, meaning, fix: 'If Auth0 itself is down, wait: status.auth0.com.' }
}
