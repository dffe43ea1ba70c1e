import { hash } from 'node:crypto'

import { Secret } from './values/secret.ts'

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
