import { createPublicKey, generateKeyPair, hash, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import { fingerprint } from '../../config/fingerprints.ts'
import { CommandFailed } from '../run-action.ts'
import { type Auth0Application, acceptanceBy } from './acceptance.ts'
import type { Rotation } from './rotation.ts'
import type { RotationState } from './step-order.ts'

/** Rotates a client secret. The command generates the new one, so that it can be distributed before Auth0 has it, and reverted afterwards. */
export function clientSecretRotation(application: Auth0Application): Rotation {
  const { clientId, expect } = application
  const { mustWork, mustTakeOver } = acceptanceBy(application, 'client-secret')
  const set = async (secret: string): Promise<void> =>
    void (await expect([200], 'PATCH', pathOf(clientId), { client_secret: secret }))
  return {
    kind: 'client-secret',
    subject: clientId,
    option: 'auth0.clientSecrets',
    keepsOld: false,
    // 384 bits make 64 characters, the length of Auth0's own secrets.
    generate: async () => randomBytes(48).toString('base64url'),
    preflight: mustWork,
    effects: {
      change: ({ newSecret }) => set(newSecret),
      verify: ({ oldSecret, newSecret }) => mustTakeOver(newSecret, oldSecret),
      'change-back': ({ oldSecret }) => set(oldSecret),
      'verify-back': ({ oldSecret, newSecret }) => mustTakeOver(oldSecret, newSecret),
    },
  }
}

/** Rotates the key of an application that uses Private Key JWT. Auth0 accepts both keys until the old one is removed. */
export function privateKeyRotation(application: Auth0Application): Rotation {
  const { clientId } = application
  const { mustWork, mustTakeOver, mustBeAccepted } = acceptanceBy(application, 'private-key-jwt')
  const { registered, add, allow, remove } = credentialsOf(application)
  return {
    kind: 'private-key-jwt',
    subject: clientId,
    option: 'auth0.privateKeys',
    keepsOld: false,
    generate: generatePem,
    preflight: mustWork,
    effects: {
      async change(state) {
        const { ours, others, old } = await registered(state)
        if (others.length > 1) {
          throw new CommandFailed(
            'the application has two keys already, and Auth0 allows no more: disable one of its Credentials in Auth0',
          )
        }
        const added = ours[0] ?? (await add(state))
        await allow(state.course === 'emergency' ? [added] : [...others, added])
        return { credentials: { old, new: added } }
      },
      verify: ({ newSecret }) => mustBeAccepted(newSecret),
      async 'remove-old'({ credentials, newSecret, oldSecret }) {
        await remove(credentials?.old ?? [], credentials === undefined ? [] : [credentials.new])
        await mustTakeOver(newSecret, oldSecret)
      },
      async 'change-back'(state) {
        const { ours, others } = await registered(state)
        if (others.length === 0) throw new CommandFailed('Auth0 has no older credential to return to')
        // If our credential was never added, there is nothing to remove.
        if (ours.length > 0) await remove(ours, others)
      },
    },
  }
}

type Credential = { id: string; name: string; kid?: string }
type Methods = { private_key_jwt?: { credentials: { id: string }[] } }

/** The credentials of the application at Auth0. */
function credentialsOf({ clientId, expect }: Auth0Application) {
  const path = pathOf(clientId)

  /**
   * `ours` is the credential of this rotation, `others` are those that may sign besides it, and `old` are those that it replaces.
   * Further credentials of the application, for signed requests (JAR) or disabled, stay unchanged.
   */
  async function registered(state: RotationState): Promise<Record<'ours' | 'others' | 'old', string[]>> {
    const held = Object.values(await expect([200], 'GET', `${path}/credentials`)) as Credential[]
    const client = await expect([200], 'GET', `${path}?fields=client_authentication_methods`)
    const { private_key_jwt: method } = (client['client_authentication_methods'] ?? {}) as Methods
    const ours = held.filter(({ name }) => name === nameOf(state)).map(({ id }) => id)
    const others = (method?.credentials ?? []).map(({ id }) => id).filter((id) => !ours.includes(id))
    // A run that was killed may have disabled the old key already.
    const disabled = held.filter(({ kid, id }) => kid === keyIdOf(state.oldSecret) && !others.includes(id))
    return { ours, others, old: [...others, ...disabled.map(({ id }) => id)] }
  }

  async function add(state: RotationState): Promise<string> {
    const key = { name: nameOf(state), pem: publicPemOf(state.newSecret) }
    const body = { credential_type: 'public_key', ...key, alg: 'RS256' }
    return String((await expect([201], 'POST', `${path}/credentials`, body))['id'])
  }

  /** Sets the credentials that may sign for the application. */
  async function allow(ids: readonly string[]): Promise<void> {
    const credentials = ids.map((id) => ({ id }))
    await expect([200], 'PATCH', path, { client_authentication_methods: { private_key_jwt: { credentials } } })
  }

  async function remove(ids: readonly string[], kept: readonly string[]): Promise<void> {
    await allow(kept)
    for (const id of ids) await expect([204, 404], 'DELETE', `${path}/credentials/${encodeURIComponent(id)}`)
  }

  return { registered, add, allow, remove }
}

/** Rotates the secret that seals sessions and cookies. No other service has to know it. */
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

const pathOf = (clientId: string): string => `clients/${encodeURIComponent(clientId)}`

/** The name of the credential contains the key's fingerprint. A resumed run finds it by this name, even if the state file is lost. */
const nameOf = ({ newSecret }: RotationState): string => `stagedoor ${fingerprint(newSecret.trim())}`

/** The id that Auth0 gives to a key: its thumbprint (RFC 7638). */
function keyIdOf(privatePem: string): string {
  const { e, kty, n } = createPublicKey(privatePem).export({ format: 'jwk' })
  return hash('sha256', JSON.stringify({ e, kty, n }), 'base64url')
}

/** The public key of a private key. Auth0 gets only the public key. */
function publicPemOf(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'pem' })
}

async function generatePem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).trim()
}
