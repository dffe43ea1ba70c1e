import { withSlash } from '../../config/values/addresses.ts'
import { apiChecks } from './api-checks.ts'
import { application } from './auth0-checks.ts'
import {
  type Check,
  type Finding,
  jsonIn,
  lacking,
  nothingToAsk,
  type Outcome,
  type Scene,
  withoutDiscovery,
} from './finding.ts'
import { judgeCredentialAge } from './secret-age.ts'
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

type Credential = { name?: string; created_at?: string; expires_at?: string }

const soonMs = 30 * 86_400_000

/** Of the application. */
const settings: { id: string; title: string; judge: (client: Client, scene: Scene) => Outcome }[] = [
  { id: 'auth0-app-type', title: 'the application is a regular web application', judge: judgeType },
  { id: 'auth0-signature', title: 'ID tokens are signed so that they can be verified', judge: judgeSignature },
  { id: 'auth0-refresh-grant', title: 'the application may have refresh tokens', judge: judgeGrant },
  {
    id: 'auth0-rotation-leeway',
    title: 'refresh tokens rotate with an overlap, so that a lost answer ends no session',
    judge: judgeLeeway,
  },
  {
    id: 'auth0-logout-initiators',
    title: 'Auth0 sends logout tokens to Stagedoor, for every reason',
    judge: judgeInitiators,
  },
]

/** Of Private Key JWT. */
const keys: { id: string; title: string; judge: (credentials: readonly Credential[], now: number) => Finding[] }[] = [
  {
    id: 'auth0-credential-expiry',
    title: 'no key of Private Key JWT is about to expire',
    judge: judgeCredentials,
  },
  { id: 'auth0-credential-age', title: 'no key of Private Key JWT is old', judge: judgeCredentialAge },
]

/** The settings of the application, read with a token of the Management API (`read:clients`, `read:client_credentials`). */
export function managementChecks(token: string): readonly Check[] {
  let client: Promise<Client | undefined> | undefined
  const get = async (scene: Scene, path: string) =>
    scene.get(`${withSlash(scene.config.auth0.issuer)}api/v2/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
  const pathOf = ({ config }: Scene) => `clients/${encodeURIComponent(config.auth0.clientId)}`
  const readObject = async (scene: Scene, path: string) => {
    const answer = await get(scene, path)
    return answer?.status === 200 ? jsonIn(answer) : undefined
  }
  const read = (scene: Scene) => (client ??= readObject(scene, pathOf(scene)))
  const withCredentials =
    (judge: (credentials: readonly Credential[], now: number) => Finding[]) => async (scene: Scene) => {
      const found = await readObject(scene, `${pathOf(scene)}/credentials`)
      if (found === undefined) return lacking('read:client_credentials')
      const credentials = Object.values(found) as Credential[]
      return credentials.length === 0 ? nothingToAsk : judge(credentials, scene.now())
    }
  const withClient = (judge: (client: Client, scene: Scene) => Outcome) => async (scene: Scene) => {
    const found = await read(scene)
    return found === undefined ? lacking('read:clients') : judge(found, scene)
  }
  return [
    {
      id: 'management-access',
      title: 'the Management API can be read',
      async run(scene) {
        if ((await scene.discovery()) === undefined) return withoutDiscovery
        return (await read(scene)) === undefined ? [noAccess] : []
      },
    },
    ...settings.map(({ id, title, judge }) => ({ id, title, run: withClient(judge) })),
    ...keys.map(({ id, title, judge }) => ({ id, title, run: withCredentials(judge) })),
    ...apiChecks(readObject),
    ...tenantChecks(readObject),
  ]
}

const noAccess: Finding = {
  severity: 'error',
  found: 'the application’s settings cannot be read with the management token',
  meaning: 'Its settings were not checked.',
  fix: 'Give a token with read:clients and read:client_credentials, asked for the audience https://<tenant>/api/v2/.',
}

function judgeType({ app_type: type, token_endpoint_auth_method: method }: Client): Finding[] {
  if (type === 'regular_web' && method !== 'none') return []
  const found = `the application’s type is ${type ?? 'not set'}, its authentication method ${method ?? 'not set'}`
  const meaning = 'Other types have no secret, or cannot log people in.'
  return [
    {
      severity: 'error',
      found,
      meaning,
      fix: `${application} → Application Type: Regular Web Application.`,
    },
  ]
}

function judgeSignature({ jwt_configuration: { alg } = {} }: Client): Finding[] {
  if (alg === undefined || !alg.startsWith('HS')) return []
  return [
    {
      severity: 'error',
      found: `ID tokens are signed with ${alg}`,
      meaning: 'Such a signature is made with the client secret, and Stagedoor refuses it.',
      fix: `${application} → Advanced Settings → OAuth → JsonWebToken Signature Algorithm: RS256.`,
    },
  ]
}

function judgeGrant({ grant_types: grants }: Client, { config }: Scene): Finding[] {
  if (grants === undefined || grants.includes('refresh_token')) return []
  if (!config.auth0.scopes.includes('offline_access')) return []
  return [
    {
      severity: 'warning',
      found: 'the application lacks the grant type Refresh Token',
      meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
      fix: `${application} → Advanced Settings → Grant Types: Refresh Token.`,
    },
  ]
}

function judgeLeeway({ refresh_token: { rotation_type, leeway = 0 } = {} }: Client, { config }: Scene): Finding[] {
  const isWanted = config.auth0.scopes.includes('offline_access')
  if (!isWanted || rotation_type !== 'rotating' || leeway > 0) return []
  return [
    {
      severity: 'warning',
      found: 'refresh tokens rotate without an overlap',
      meaning:
        'An answer that is lost on the way ends the session: the token that we have was used up (log event ferrt).',
      fix: `${application} → Refresh Token Rotation → Rotation Overlap Period: 60 seconds.`,
    },
  ]
}

function judgeInitiators({ oidc_logout: logout }: Client, { config: { server } }: Scene): Outcome {
  const { backchannel_logout_urls: urls = [], backchannel_logout_initiators: initiators } = logout ?? {}
  if (urls.length === 0) return nothingToAsk
  const wanted = `${server.baseUrl}${server.prefix}/backchannel-logout`
  const place = `${application} → OpenID Connect Back-Channel Logout`
  if (!urls.includes(wanted)) {
    const found = `logout tokens go to ${urls.join(', ')}`
    const meaning = 'They do not reach Stagedoor.'
    return [{ severity: 'warning', found, meaning, fix: `${place}: ${wanted}` }]
  }
  if (initiators?.mode === 'all') return []
  return [
    {
      severity: 'warning',
      found: 'Auth0 sends logout tokens for chosen reasons only',
      meaning: 'Changed passwords, revoked sessions and deleted accounts may be left out.',
      fix: `${place} → Back-Channel Logout Initiators: all.`,
    },
  ]
}

function judgeCredentials(credentials: readonly Credential[], now: number): Finding[] {
  const expiring = credentials.filter(
    ({ expires_at }) => expires_at !== undefined && Date.parse(expires_at) - now < soonMs,
  )
  return expiring.map(({ name = 'a credential', expires_at }) => ({
    severity: 'warning' as const,
    found: `${name} expires at ${expires_at}`,
    meaning: 'After that Auth0 refuses what is signed with it, and nobody can sign in.',
    fix: 'stagedoor rotate private-key-jwt',
  }))
}
