import { apiChecks } from './api-checks.ts'
import { type CheckContext, isNoVerdict, refusalIn } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome, unread, withDiscovery } from './check.ts'
import { application } from './discovery-checks.ts'
import { ageComplaint, oldSecret } from './secret-age.ts'
import { tenantChecks } from './tenant-checks.ts'

type Client = {
  app_type?: string
  grant_types?: string[]
  token_endpoint_auth_method?: string
  jwt_configuration?: { alg?: string }
  refresh_token?: { rotation_type?: string; leeway?: number }
  oidc_logout?: {
    backchannel_logout_urls?: string[]
    backchannel_logout_initiators?: { mode?: string }
  }
}

/** A key registered for Private Key JWT. */
type Credential = { name?: string; created_at?: string; expires_at?: string }

const soonMs = 30 * 86_400_000

const pathOf = ({ config }: CheckContext): string => `clients/${encodeURIComponent(config.auth0.clientId)}`

/** With read:client_credentials alone Auth0 shows the application, and none of its settings. */
async function settingsOf(context: CheckContext): Promise<Client | undefined> {
  const client: Client | undefined = await context.managed(pathOf(context))
  return client?.grant_types === undefined ? undefined : client
}

const withClient =
  (judge: (client: Client, context: CheckContext) => Outcome) =>
  async (context: CheckContext): Promise<Outcome> => {
    const client = await settingsOf(context)
    return client === undefined ? unread(context, pathOf(context), 'read:clients') : judge(client, context)
  }

/** Makes the run function of a check of the application's keys. @param complaintOf describes the problem of a key */
const withCredentials =
  (complaintOf: (credential: Credential & { name: string }, now: number) => string | undefined) =>
  async (context: CheckContext): Promise<Outcome> => {
    const path = `${pathOf(context)}/credentials`
    const found = await context.managed(path)
    if (found === undefined) return unread(context, path, 'read:client_credentials')
    const credentials = Object.values(found) as Credential[]
    if (credentials.length === 0) return nothingToAsk
    return credentials.flatMap((one) => complaintOf({ name: 'a credential', ...one }, context.now()) ?? [])
  }

/** Checks with a Management API token. Checks of objects that the token may not read are skipped. */
export const managementChecks: readonly Check[] = [
  {
    id: 'management-access',
    title: 'the Management API can be read',
    severity: 'error',
    meaning: 'The settings at Auth0 were not checked.',
    fix: 'Give a token with read:clients and read:client_credentials, asked for the audience https://<tenant>/api/v2/.',
    run: withDiscovery(judgeAccess),
  },
  {
    id: 'auth0-app-type',
    title: 'the application is a regular web application',
    severity: 'error',
    meaning: 'Other types have no secret, or cannot log people in.',
    fix: `${application} → Application Type: Regular Web Application.`,
    run: withClient(({ app_type: type = 'not set', token_endpoint_auth_method: method = 'not set' }) =>
      type === 'regular_web' && method !== 'none'
        ? undefined
        : `the application’s type is ${type}, its authentication method ${method}`,
    ),
  },
  {
    id: 'auth0-signature',
    title: 'ID tokens are signed with an asymmetric algorithm',
    severity: 'error',
    meaning: 'This algorithm signs with the client secret, and Stagedoor refuses it.',
    fix: `${application} → Advanced Settings → OAuth → JsonWebToken Signature Algorithm: RS256.`,
    run: withClient(({ jwt_configuration: { alg } = {} }) =>
      alg?.startsWith('HS') ? `ID tokens are signed with ${alg}` : undefined,
    ),
  },
  {
    id: 'auth0-refresh-grant',
    title: 'the application may have refresh tokens',
    severity: 'warning',
    meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
    fix: `${application} → Advanced Settings → Grant Types: Refresh Token.`,
    run: withClient(({ grant_types: grants }, { config }) =>
      config.auth0.scopes.includes('offline_access') && grants?.includes('refresh_token') === false
        ? 'the application lacks the grant type Refresh Token'
        : undefined,
    ),
  },
  {
    id: 'auth0-rotation-leeway',
    title: 'refresh tokens rotate with an overlap, so a lost answer does not end the session',
    severity: 'warning',
    meaning:
      'If an answer is lost on the way, the session ends: Auth0 refuses the old refresh token (log event ferrt).',
    fix: `${application} → Refresh Token Rotation → Rotation Overlap Period: 60 seconds.`,
    run: withClient(({ refresh_token: { rotation_type, leeway = 0 } = {} }, { config }) =>
      config.auth0.scopes.includes('offline_access') && rotation_type === 'rotating' && leeway === 0
        ? 'refresh tokens rotate without an overlap'
        : undefined,
    ),
  },
  {
    id: 'auth0-logout-initiators',
    title: 'Auth0 sends logout tokens to Stagedoor, for every reason',
    severity: 'warning',
    meaning: 'A session may outlive a changed password, a revoked session at Auth0 or a deleted account.',
    fix: `${application} → OpenID Connect Back-Channel Logout → Back-Channel Logout Initiators: all.`,
    run: withClient(judgeInitiators),
  },
  {
    id: 'auth0-credential-expiry',
    title: 'no key of Private Key JWT is about to expire',
    severity: 'warning',
    meaning: 'Once the key has expired, Auth0 refuses its signatures, and every login fails.',
    fix: 'stagedoor rotate private-key-jwt',
    run: withCredentials(({ name, expires_at: end }, now) =>
      end !== undefined && Date.parse(end) - now < soonMs ? `${name} expires at ${end}` : undefined,
    ),
  },
  {
    id: 'auth0-credential-age',
    title: 'no key of Private Key JWT is old',
    ...oldSecret('stagedoor rotate private-key-jwt'),
    run: withCredentials(
      ({ name, created_at: since }, now) => since && ageComplaint(`the credential ${name}`, since, now),
    ),
  },
  ...apiChecks,
  ...tenantChecks,
]

async function judgeAccess(context: CheckContext): Promise<Outcome> {
  if ((await settingsOf(context)) !== undefined) return undefined
  const answer = await context.managedAnswer(pathOf(context))
  if (answer.status === 200) return 'the management token may not read the application’s settings'
  const found = `the application’s settings cannot be read: ${refusalIn(answer)}`
  if (answer.status === 404) return { found, fix: `Copy the Client ID: ${application} → Basic Information.` }
  return isNoVerdict(answer)
    ? { found, fix: 'Run the doctor again in a minute. If Auth0 itself is down: status.auth0.com.' }
    : found
}

function judgeInitiators({ oidc_logout: logout }: Client, { config: { server } }: CheckContext): Outcome {
  const { backchannel_logout_urls: urls = [], backchannel_logout_initiators: initiators } = logout ?? {}
  if (urls.length === 0) return nothingToAsk
  const wanted = `${server.baseUrl}${server.prefix}/backchannel-logout`
  if (!urls.includes(wanted)) {
    return {
      found: `logout tokens go to ${urls.join(', ')}`,
      meaning: 'They do not reach Stagedoor.',
      fix: `${application} → OpenID Connect Back-Channel Logout: ${wanted}`,
    }
  }
  return initiators?.mode === 'all' ? undefined : 'Auth0 sends logout tokens for chosen reasons only'
}
