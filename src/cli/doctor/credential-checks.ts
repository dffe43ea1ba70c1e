import { withSlash } from '../../config/values/addresses.ts'
import type { RotationKind } from '../rotate/step-order.ts'
import { probeSecret } from '../secret-probe.ts'
import { sendJsonOf, type CheckContext } from './check-context.ts'
import { type Check, nothingToAsk, type Outcome, withoutDiscovery } from './check.ts'
import { application } from './discovery-checks.ts'

/** Check whether Auth0 accepts the secret or key that the gateway uses to finish a login. */
export const credentialChecks: readonly Check[] = [
  {
    id: 'auth0-client-secret',
    title: 'Auth0 accepts the client secret',
    severity: 'error',
    meaning: 'Every login fails: the secret is wrong, or the application uses another authentication method.',
    fix: `Copy the Client Secret: ${application} → Basic Information. Credentials → Authentication Method: Client Secret (Post).`,
    unless: ['auth0-client-id'],
    run: (context) => checkCredentials(context, 'clientSecrets', 'client-secret'),
  },
  {
    id: 'auth0-private-key',
    title: 'Auth0 accepts the private key',
    severity: 'error',
    meaning: 'Logins with this key fail: the public key is missing or expired, or the clocks disagree.',
    fix: `${application} → Credentials → Private Key JWT: add the public key, or run stagedoor rotate private-key-jwt.`,
    unless: ['auth0-client-id'],
    run: (context) => checkCredentials(context, 'privateKeys', 'private-key-jwt'),
  },
]

/** Checks whether the token endpoint accepts the first credential of an option, which is the one in use. */
async function checkCredentials(
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
      meaning: 'Every login fails.',
      fix: `${application} → Advanced Settings → Grant Types: Authorization Code and Refresh Token.`,
    }
  }
  if (first?.verdict === 'unclear') return withoutVerdict(first)
  if (first?.verdict !== 'refused') return undefined
  const found = `Auth0 answers 401 to the first of auth0.${option}`
  if (others.every(({ verdict }) => verdict !== 'accepted')) return found
  return {
    severity: 'warning',
    found: `${found}, but accepts another one`,
    meaning: 'A rotation is in progress or was interrupted. Logins work, with one extra request each.',
    fix: `Run stagedoor rotate ${kind} --resume, or put the accepted one first.`,
  }
}

function withoutVerdict({ status, error }: { status: number; error: string }): Outcome {
  const answer = status === 0 ? 'does not answer' : `answers ${status} ${error}`.trim()
  if (status > 0 && status < 500) return { because: `Auth0’s token endpoint ${answer}` }
  const meaning = 'Every login fails, and roles are not refreshed.'
  return { found: `Auth0’s token endpoint ${answer}`, meaning, fix: 'If Auth0 itself is down, wait: status.auth0.com.' }
}
