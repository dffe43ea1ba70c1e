import type { Config } from '../../config/schema.ts'
import { isNoVerdict, type CheckContext } from './check-context.ts'
import { type Check, type Fault, nothingToAsk, type Outcome, withoutDiscovery } from './check.ts'
import { application } from './discovery-checks.ts'
import type { Answer } from './low-level-requests.ts'

/** Check Auth0's answers to the gateway's login request, and to one such request for each API that machines use. */
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
    id: 'auth0-machine-audience',
    title: 'Auth0 has the APIs that machines ask for',
    severity: 'error',
    meaning: 'No machine can get a token for it.',
    unless: ['auth0-client-id', 'auth0-callback', 'auth0-grant-type', 'auth0-organization'],
    run: checkMachineAudiences,
  },
]

/** Auth0's messages when it refuses a login request, and their meaning. */
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
      `Auth0 → Applications → APIs: create an API with the identifier ${auth0.audience}, or correct auth0.audience.`,
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
  if (answer === undefined) return { because: 'Auth0 gives no clear answer to login requests now' }
  const { status, text } = answer
  if (/^(?:login_required|consent_required|interaction_required)\b/.test(text)) return undefined
  const found = `Auth0 answers a login request with ${status}: ${text}`
  const known = refusals.find(({ pattern }) => pattern.test(text))
  return known === undefined ? found : { id: known.id, found, meaning: known.meaning, fix: known.fix(context.config) }
}

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
      fix: `Auth0 → Applications → APIs: create an API with the identifier ${audience}, or correct machines.audiences.`,
    })
  }
  return faults
}

/**
 * Auth0's answer to a login request with `prompt=none`. A valid request without cookies is redirected back with `login_required`,
 * because there is no session. Undefined for an answer that does not depend on the request, such as 429.
 */
async function answerToLogin(
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

/** The error in the redirect to the callback, or the text of Auth0's error page. */
function whatIsSaid({ headers, text }: Answer): string {
  const location = headers.get('location')
  if (location !== null && URL.canParse(location)) {
    const { searchParams } = new URL(location)
    return `${searchParams.get('error') ?? ''} ${searchParams.get('error_description') ?? ''}`.trim()
  }
  const words = text.replaceAll(/<(?:style|script)[^]*?<\/(?:style|script)>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  return words.trim().slice(0, 200)
}
