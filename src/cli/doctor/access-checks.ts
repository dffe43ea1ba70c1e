import { withSlash } from '../../config/values/addresses.ts'
import { fetchManagementToken, tokenRefusalIn } from '../../oidc/client-credentials.ts'
import { probeAnswer } from '../rotate/token-probe.ts'
import { answerToLogin } from './application-checks.ts'
import { application } from './auth0-checks.ts'
import {
  askIn,
  type Check,
  fetchIn,
  type Finding,
  nothingToAsk,
  type Outcome,
  type Scene,
  withoutDiscovery,
} from './finding.ts'

const timeoutMs = 10_000

/** Keys, APIs, claims and events: what a configuration names at Auth0 beside the application. */
export const accessChecks: readonly Check[] = [
  {
    id: 'auth0-private-key',
    title: 'Auth0 accepts the private key',
    unless: ['auth0-client-id'],
    run: checkPrivateKeys,
  },
  {
    id: 'auth0-machine-audience',
    title: 'the APIs that machines ask for are there',
    unless: ['auth0-client-id', 'auth0-callback', 'auth0-grant-type', 'auth0-organization'],
    run: checkMachineAudiences,
  },
  { id: 'auth0-claims', title: 'roles and groups are read from claims that Auth0 keeps', run: checkClaims },
  { id: 'auth0-events', title: 'Auth0’s events can be read', run: checkEvents },
]

async function checkPrivateKeys(scene: Scene): Promise<Outcome> {
  const { issuer, clientId, privateKeys } = scene.config.auth0
  if (privateKeys.length === 0) return nothingToAsk
  if ((await scene.discovery()) === undefined) return withoutDiscovery
  const place = { issuer: withSlash(issuer), clientId, kind: 'private-key-jwt' } as const
  const answers = await Promise.all(privateKeys.map(async (key) => probeAnswer(place, key.reveal(), askIn(scene))))
  const [first, ...others] = answers
  if (first?.verdict !== 'refused') return []
  const isRotating = others.some(({ verdict }) => verdict === 'accepted')
  return [
    {
      severity: isRotating ? 'warning' : 'error',
      found: `Auth0 answers 401 to the first of auth0.privateKeys${isRotating ? ', and accepts another one' : ''}`,
      meaning: isRotating
        ? 'A rotation is under way, or was not finished: logins work, with one request more each.'
        : 'Nobody can finish a login with it: the public key is not there, has expired, or the clocks disagree.',
      fix: `${application} → Credentials → Private Key JWT: add the public key, or run stagedoor rotate private-key-jwt.`,
    },
  ]
}

async function checkMachineAudiences(scene: Scene): Promise<Outcome> {
  const { auth0, machines } = scene.config
  const findings: Finding[] = []
  const others = machines.audiences.filter((each) => each !== auth0.audience)
  if (others.length === 0) return nothingToAsk
  if ((await scene.discovery()) === undefined) return withoutDiscovery
  for (const audience of others) {
    const answer = await answerToLogin(scene, audience)
    if (answer === undefined || !/service not found/i.test(answer.text)) continue
    findings.push({
      severity: 'error',
      found: `Auth0 has no API ${audience}: ${answer.text}`,
      meaning: 'No machine can get a token for it.',
      fix: `Auth0 → Applications → APIs: make an API with the identifier ${audience}, or correct machines.audiences.`,
    })
  }
  return findings
}

/** Auth0 drops a custom claim without a namespace where its name is reserved, `roles` and `groups` among them. */
async function checkClaims({ config }: Scene): Promise<Outcome> {
  const { roles, groups } = config.auth0.claims
  const isAuth0 = new URL(config.auth0.issuer).hostname.endsWith('.auth0.com')
  const plain = Object.entries({ roles, groups }).filter(([, names]) => names.every((name) => !name.includes('://')))
  if (!isAuth0) return nothingToAsk
  return plain.map(([kind, names]) => ({
    severity: 'warning' as const,
    found: `auth0.claims.${kind} names ${names.join(', ')} only`,
    meaning: `Auth0 drops such claims from tokens, so that everybody is without ${kind}.`,
    fix: `Set a claim such as https://example.com/${kind} in a post-login Action, and name it in auth0.claims.${kind}.`,
  }))
}

/** Gets the token that `auth0.events.pull` needs, as the gateway does. */
async function checkEvents(scene: Scene): Promise<Outcome> {
  const { issuer, events } = scene.config.auth0
  const pull = events?.pull
  if (pull === undefined) return nothingToAsk
  if ((await scene.discovery()) === undefined) return withoutDiscovery
  const { clientId, clientSecret, audience } = pull
  const client = { issuer: withSlash(issuer), clientId, clientSecret: clientSecret.reveal(), audience }
  const answer = await fetchManagementToken(client, { fetch: fetchIn(scene), timeoutMs }).catch(tokenRefusalIn)
  if (answer === undefined) return noToken
  if ('token' in answer)
    return answer.scopes.includes('read:events') ? [] : [eventsFinding('a token without read:events')]
  const { status, description } = answer
  return status === 429 || status >= 500 ? noToken : [eventsFinding(`${status} ${description}`.trim(), status)]
}

const noToken = { because: 'Auth0 gives no token now' }

function eventsFinding(said: string, status?: number): Finding {
  return {
    severity: 'error',
    found: `for auth0.events.pull Auth0 gives ${said}`,
    meaning: 'Blocked and deleted users stay signed in until their next refresh.',
    fix:
      status === 401
        ? 'Copy Client ID and Client Secret: Auth0 → Applications → <machine-to-machine app> → Settings.'
        : 'Auth0 → Applications → APIs → Auth0 Management API → Machine to Machine Applications: allow read:events.',
  }
}
