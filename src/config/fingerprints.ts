import { createHmac, hash } from 'node:crypto'

import { Secret } from './values/secret.ts'

/** The option of a list of secrets, and the fingerprint of each, in order. */
export type SecretFingerprints = Record<string, string[]>

/** Distinguishes secrets without showing them: 64 bits of an HMAC, of values too random to guess. */
export function fingerprint(secret: string): string {
  return createHmac('sha256', 'stagedoor secret fingerprint').update(secret).digest('hex').slice(0, 16)
}

/** The lists of secrets that can be replaced while the gateway runs, by option. */
const rotatedSecrets: readonly (readonly [section: string, option: string])[] = [
  ['auth0', 'clientSecrets'],
  ['auth0', 'privateKeys'],
  ['session', 'secrets'],
]

/** Fingerprints of the secrets in force, so that a rotation can see which process holds which. */
export function secretFingerprints(config: Readonly<Record<string, object | undefined>>): SecretFingerprints {
  const found: SecretFingerprints = {}
  for (const [section, option] of rotatedSecrets) {
    const values: unknown = Object.entries(config[section] ?? {}).find(([name]) => name === option)?.[1]
    if (!Array.isArray(values)) continue
    const texts = values.flatMap((value) => (value instanceof Secret ? [value.reveal().trim()] : []))
    found[`${section}.${option}`] = texts.map(fingerprint)
  }
  return found
}

/** Equal for equal settings; shows no secret. */
export function settingsFingerprint(settings: unknown): string {
  return hash('sha256', JSON.stringify(revealed(settings)) ?? '', 'base64url')
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return ['secret', value.reveal()]
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]))
}
