import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import type { SendJson } from '../json-client.ts'
import { CommandFailed } from '../run-action.ts'
import type { Management } from './management.ts'
import type { Rotation } from './rotation.ts'
import { type Patience, settles } from './run.ts'
import type { RotationState } from './step.ts'
import { probeSecret, type Verdict } from './token-probe.ts'

export type Auth0Application = {
  /** Ends in a slash. */
  issuer: string
  clientId: string
  management: Management
  send: SendJson
  settleMs: number
  patience: Patience
}

/** Rotates a client secret. We choose it, so that it can be handed out before Auth0 knows it, and taken back after. */
export function clientSecretRotation(application: Auth0Application): Rotation {
  const { clientId, management } = application
  const kind = 'client-secret'
  const probe = (secret: string) => probeSecret({ ...application, kind }, secret, application.send)
  return {
    kind,
    subject: clientId,
    option: 'auth0.clientSecrets',
    keepsOld: false,
    // 384 bits: 64 characters, as long as Auth0's own.
    generate: async () => randomBytes(48).toString('base64url'),
    preflight: (secret) => mustWork(probe, secret),
    effects: {
      change: ({ newSecret }) => management.setClientSecret(clientId, newSecret),
      verify: ({ oldSecret, newSecret }) => mustTakeOver(application, probe, newSecret, oldSecret),
      'change-back': ({ oldSecret }) => management.setClientSecret(clientId, oldSecret),
      'verify-back': ({ oldSecret, newSecret }) => mustTakeOver(application, probe, oldSecret, newSecret),
    },
  }
}

/** Rotates the key of an application that signs its requests: Auth0 accepts both until the old one is removed. */
export function privateKeyRotation(application: Auth0Application): Rotation {
  const { clientId, management, patience } = application
  const kind = 'private-key-jwt'
  const probe = (secret: string) => probeSecret({ ...application, kind }, secret, application.send)

  async function add(state: RotationState): Promise<Pick<RotationState, 'credentials'>> {
    const registered = await management.credentials(clientId)
    const name = nameOf(state)
    const existing = registered.find((credential) => credential.name === name)
    const others = registered.filter((credential) => credential.name !== name)
    if (existing === undefined && others.length > 1) {
      throw new CommandFailed('the application has two credentials already, which is all that Auth0 allows: delete one')
    }
    const added = existing?.id ?? (await management.addCredential(clientId, publicPemOf(state.newSecret), name))
    const old = others.map(({ id }) => id)
    await management.setCredentials(clientId, state.course === 'emergency' ? [added] : [...old, added])
    return { credentials: { old, new: added } }
  }

  async function remove(ids: readonly string[], kept: readonly string[]): Promise<void> {
    await management.setCredentials(clientId, kept)
    for (const id of ids) await management.deleteCredential(clientId, id)
  }

  return {
    kind,
    subject: clientId,
    option: 'auth0.privateKeys',
    keepsOld: false,
    generate: generatePem,
    preflight: (secret) => mustWork(probe, secret),
    effects: {
      change: add,
      async verify({ newSecret }) {
        const works = async () => (await probe(newSecret)) === 'accepted'
        if (!(await settles(works, application.settleMs, patience)))
          throw new CommandFailed('Auth0 does not accept the new key: look at Credentials of the application')
      },
      async 'remove-old'({ credentials, newSecret, oldSecret }) {
        await remove(credentials?.old ?? [], credentials === undefined ? [] : [credentials.new])
        await mustTakeOver(application, probe, newSecret, oldSecret)
      },
      async 'change-back'(state) {
        const name = nameOf(state)
        const registered = await management.credentials(clientId)
        const [ours, others] = [
          registered.filter((one) => one.name === name).map(({ id }) => id),
          registered.filter((one) => one.name !== name).map(({ id }) => id),
        ]
        if (others.length === 0) throw new CommandFailed('Auth0 has no older credential to go back to')
        // If our credential was never added, there is nothing to remove.
        if (ours.length > 0) await remove(ours, others)
      },
    },
  }
}

/** Rotates what seals sessions and cookies: no service has to know it. */
export function sessionSecretRotation(): Rotation {
  return {
    kind: 'session-secret',
    subject: 'session.secrets',
    option: 'session.secrets',
    keepsOld: true,
    generate: async () => randomBytes(48).toString('base64'),
    preflight: async () => undefined,
    effects: {},
  }
}

/** The same name for every try of one rotation, so that a credential that was added before a kill is found again. */
const nameOf = ({ startedAt }: RotationState): string => `stagedoor ${startedAt}`

/** The public half of a private key, which is all that Auth0 gets. */
function publicPemOf(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'pem' })
}

async function generatePem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).trim()
}

async function mustWork(probe: (secret: string) => Promise<Verdict>, secret: string): Promise<void> {
  const verdict = await probe(secret)
  if (verdict === 'accepted') return
  const what = verdict === 'refused' ? 'refuses the current secret' : 'gives no clear answer on the current secret'
  throw new CommandFailed(`Auth0 ${what}: nothing was changed. \`stagedoor doctor\` says what is wrong`)
}

async function mustTakeOver(
  { settleMs, patience }: Auth0Application,
  probe: (secret: string) => Promise<Verdict>,
  good: string,
  bad: string,
): Promise<void> {
  const hasChanged = async () =>
    (await probe(good)) === 'accepted' && (good === bad || (await probe(bad)) === 'refused')
  if (await settles(hasChanged, settleMs, patience)) return
  throw new CommandFailed(
    'Auth0 does not accept the one secret and refuse the other, after all the time that --limit gives',
  )
}
