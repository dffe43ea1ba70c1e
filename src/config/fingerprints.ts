import { createHmac, hash } from 'node:crypto'

import { hashOf } from '../audit/chain.ts'
import { canonicalJson } from '../audit/record-json.ts'
import type { Config } from './schema.ts'
import { Secret } from './values/secret.ts'

/** The option of a list of secrets, and the fingerprint of each, in order. */
export type SecretFingerprints = Record<string, string[]>

/** Distinguishes secrets without showing them: 64 bits of an HMAC, of values too random to guess. */
export function fingerprint(secret: string): string {
  return createHmac('sha256', 'stagedoor secret fingerprint').update(secret).digest('hex').slice(0, 16)
}

/** Fingerprints of the secrets that can be replaced while the gateway runs, so that a rotation can see which process holds which. */
export function secretFingerprints({ auth0, session }: Pick<Config, 'auth0' | 'session'>): SecretFingerprints {
  const fingerprintsOf = (secrets: readonly Secret[]) => secrets.map((secret) => fingerprint(secret.reveal().trim()))
  return {
    'auth0.clientSecrets': fingerprintsOf(auth0.clientSecrets),
    'auth0.privateKeys': fingerprintsOf(auth0.privateKeys),
    'session.secrets': fingerprintsOf(session.secrets),
  }
}

/** The digest by which the audit trail and metrics name a configuration: equal for those that differ in secrets only. */
export function configDigest(config: Config): string {
  return hashOf(canonicalJson(JSON.parse(JSON.stringify(config))))
}

/** Equal for equal settings, secrets included; shows none of them. */
export function settingsFingerprint(settings: unknown): string {
  return hash('sha256', JSON.stringify(revealed(settings)) ?? '', 'base64url')
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return ['secret', value.reveal()]
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]))
}
