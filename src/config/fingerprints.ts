import { createHmac, hash } from 'node:crypto'

import { hashOf } from '../audit/chain.ts'
import { canonicalJson } from '../audit/record-json.ts'
import type { Config } from './schema.ts'
import { Secret } from './values/secret.ts'

/** The option of a list of secrets, and the fingerprint of each, in order. */
export type SecretFingerprints = Record<string, string[]>

/** Identifies a secret without revealing it: 64 bits of an HMAC. This is safe because the secrets are too random to guess. */
export function fingerprint(secret: string): string {
  return createHmac('sha256', 'stagedoor secret fingerprint').update(secret).digest('hex').slice(0, 16)
}

/** Fingerprints of the secrets that can be rotated while the gateway runs. A rotation checks which process uses which secrets. */
export function secretFingerprints({ auth0, session }: Pick<Config, 'auth0' | 'session'>): SecretFingerprints {
  const fingerprintsOf = (secrets: readonly Secret[]) => secrets.map((secret) => fingerprint(secret.reveal().trim()))
  return {
    'auth0.clientSecrets': fingerprintsOf(auth0.clientSecrets),
    'auth0.privateKeys': fingerprintsOf(auth0.privateKeys),
    'session.secrets': fingerprintsOf(session.secrets),
  }
}

/** The digest that identifies a configuration in the audit trail and metrics. Configurations that differ only in secrets share it. */
export function configDigest(config: Config): string {
  return hashOf(canonicalJson(JSON.parse(JSON.stringify(config))))
}

/** A hash that is equal for equal settings. Secrets count, but are not revealed. */
export function settingsFingerprint(settings: unknown): string {
  return hash('sha256', JSON.stringify(revealed(settings)) ?? '', 'base64url')
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return ['secret', value.reveal()]
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]))
}
