import type { Check, Finding, Scene } from './finding.ts'

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

async function judgeApi(scene: Scene, read: Read): Promise<Finding[]> {
  const { audience, scopes } = scene.config.auth0
  if (audience === undefined) return []
  const api = await read(scene, `resource-servers/${encodeURIComponent(audience)}`)
  const isRefreshLost = api?.['allow_offline_access'] === false && scopes.includes('offline_access')
  const isConsentAsked = api?.['skip_consent_for_verifiable_first_party_clients'] === false
  return [
    ...(isRefreshLost
      ? [
          {
            id: 'auth0-api',
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
            id: 'auth0-api',
            severity: 'warning' as const,
            found: `the API ${audience} asks for consent`,
            meaning: 'Each person sees a page of Auth0’s once that asks whether Stagedoor may use the API.',
            fix: `${apis} → Settings → Allow Skipping User Consent.`,
          },
        ]
      : []),
  ]
}

async function judgeGrants(scene: Scene, read: Read): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const audience of scene.config.machines.audiences) {
    const grants = await read(scene, `client-grants?audience=${encodeURIComponent(audience)}`)
    if (grants === undefined || Object.keys(grants).length > 0) continue
    findings.push({
      id: 'auth0-machine-grants',
      severity: 'warning',
      found: `no application may ask for ${audience}`,
      meaning: 'Machines get "Client is not authorized to access" in place of a token.',
      fix: `${apis} → Machine to Machine Applications: authorize the application, with its scopes.`,
    })
  }
  return findings
}

type Stream = { status?: string; destination?: { configuration?: { webhook_endpoint?: string } } }

async function judgeStreams(scene: Scene, read: Read): Promise<Finding[]> {
  const { auth0, server } = scene.config
  if (auth0.events?.webhook === undefined) return []
  const answer = await read(scene, 'event-streams')
  if (answer === undefined) return []
  const list = answer['eventStreams'] ?? Object.values(answer)
  const wanted = `${server.baseUrl}${server.prefix}/events`
  const ours = (list as Stream[]).filter(({ destination }) => destination?.configuration?.webhook_endpoint === wanted)
  if (ours.some(({ status = 'enabled' }) => status === 'enabled')) return []
  return [
    {
      id: 'auth0-event-stream',
      severity: 'warning',
      found: ours.length === 0 ? `no event stream leads to ${wanted}` : `the event stream to ${wanted} is not enabled`,
      meaning: 'Blocked users and lost roles count from the next refresh (session.refreshEvery), not within a second.',
      fix: `Auth0 → Event Streams: a webhook to ${wanted} with one of auth0.events.webhook.tokens, enabled.`,
    },
  ]
}
