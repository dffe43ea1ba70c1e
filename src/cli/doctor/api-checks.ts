import { type Check, type Finding, lacking, nothingToAsk, type Outcome, type Scene } from './finding.ts'

/** The object at a path of the Management API; undefined where the token may not read it, or it is not there. */
type Read = (scene: Scene, path: string) => Promise<Record<string, unknown> | undefined>

/** APIs, grants and event streams, read with a token of the Management API. What it may not read is left out. */
export function apiChecks(read: Read): readonly Check[] {
  return [
    {
      id: 'auth0-api',
      title: 'the API gives refresh tokens, and asks nobody for consent',
      run: async (scene) => judgeApi(scene, read),
    },
    {
      id: 'auth0-api-tokens',
      title: 'access tokens can be verified',
      run: async (scene) => judgeTokens(scene, read),
    },
    {
      id: 'auth0-machine-grants',
      title: 'machines may ask for the APIs',
      run: async (scene) => judgeGrants(scene, read),
    },
    {
      id: 'auth0-event-stream',
      title: 'Auth0 sends events to Stagedoor',
      run: async (scene) => judgeStreams(scene, read),
    },
  ]
}

const apis = 'Auth0 → Applications → APIs → <API>'

async function judgeApi(scene: Scene, read: Read): Promise<Outcome> {
  const { audience, scopes } = scene.config.auth0
  if (audience === undefined) return nothingToAsk
  const api = await read(scene, `resource-servers/${encodeURIComponent(audience)}`)
  if (api === undefined) return lacking('read:resource_servers')
  const isRefreshLost = api['allow_offline_access'] === false && scopes.includes('offline_access')
  const isConsentAsked = api['skip_consent_for_verifiable_first_party_clients'] === false
  return [
    ...(isRefreshLost
      ? [
          {
            severity: 'warning' as const,
            found: `the API ${audience} does not allow offline access`,
            meaning: 'There is no refresh token: roles stay as they were at login, and blocked users stay signed in.',
            fix: `${apis} → Settings → Allow Offline Access.`,
          },
        ]
      : []),
    ...(isConsentAsked
      ? [
          {
            severity: 'warning' as const,
            found: `the API ${audience} asks for consent`,
            meaning: 'Each person sees a page of Auth0’s once that asks whether Stagedoor may use the API.',
            fix: `${apis} → Settings → Allow Skipping User Consent.`,
          },
        ]
      : []),
  ]
}

/** Tokens that Stagedoor refuses, since it could not verify them with Auth0's public keys. */
async function judgeTokens(scene: Scene, read: Read): Promise<Outcome> {
  const { auth0, machines } = scene.config
  const findings: Finding[] = []
  const audiences = new Set([...machines.audiences, ...(auth0.audience ? [auth0.audience] : [])])
  if (audiences.size === 0) return nothingToAsk
  for (const audience of audiences) {
    const api = await read(scene, `resource-servers/${encodeURIComponent(audience)}`)
    if (api === undefined) return lacking('read:resource_servers')
    const isSymmetric = api['signing_alg'] === 'HS256'
    const isEncrypted = (api['token_encryption'] ?? null) !== null
    if (!isSymmetric && !isEncrypted) continue
    findings.push({
      severity: 'error',
      found: `access tokens for ${audience} are ${isEncrypted ? 'encrypted (JWE)' : 'signed with HS256'}`,
      meaning: 'Stagedoor refuses them with 401: it verifies signatures with Auth0’s public keys, and has no others.',
      fix: isEncrypted
        ? `${apis} → Settings: switch Encrypt Access Token off.`
        : `${apis} → Settings → Signing Algorithm: RS256.`,
    })
  }
  return findings
}

async function judgeGrants(scene: Scene, read: Read): Promise<Outcome> {
  const { audiences } = scene.config.machines
  if (audiences.length === 0) return nothingToAsk
  const findings: Finding[] = []
  for (const audience of audiences) {
    const grants = await read(scene, `client-grants?audience=${encodeURIComponent(audience)}`)
    if (grants === undefined) return lacking('read:client_grants')
    if (Object.keys(grants).length > 0) continue
    findings.push({
      severity: 'warning',
      found: `no application may ask for ${audience}`,
      meaning: 'Machines get "Client is not authorized to access" in place of a token.',
      fix: `${apis} → Machine to Machine Applications: authorize the application, with its scopes.`,
    })
  }
  return findings
}

type Stream = { status?: string; destination?: { configuration?: { webhook_endpoint?: string } } }

async function judgeStreams(scene: Scene, read: Read): Promise<Outcome> {
  const { auth0, server } = scene.config
  if (auth0.events?.webhook === undefined) return nothingToAsk
  const answer = await read(scene, 'event-streams')
  if (answer === undefined) return lacking('read:event_streams')
  const list = answer['eventStreams'] ?? Object.values(answer)
  const wanted = `${server.baseUrl}${server.prefix}/events`
  const ours = (list as Stream[]).filter(({ destination }) => destination?.configuration?.webhook_endpoint === wanted)
  if (ours.some(({ status = 'enabled' }) => status === 'enabled')) return []
  return [
    {
      severity: 'warning',
      found: ours.length === 0 ? `no event stream leads to ${wanted}` : `the event stream to ${wanted} is not enabled`,
      meaning: 'Blocked users and lost roles count from the next refresh (session.refreshEvery), not within a second.',
      fix: `Auth0 → Event Streams: a webhook to ${wanted} with one of auth0.events.webhook.tokens, enabled.`,
    },
  ]
}
