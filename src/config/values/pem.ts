import { z } from 'zod'

import { refuse } from './refuse.ts'
import { Secret } from './secret.ts'

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/
const privateKey = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/
const fix = 'read it from a file: { $file: /etc/stagedoor/tls/…pem }'

/** One certificate or several in a row, as PEM text (RFC 7468 §5). */
export function certificates() {
  const shape = 'certificates in PEM form'
  return z
    .string(shape)
    .transform((text, context): string => (certificate.test(text) ? text : refuse(context, shape, fix)))
}

/** An unencrypted private key as PEM text (RFC 7468 §10). */
export function pemKey() {
  const shape = 'a private key in PEM form, without a passphrase'
  return z
    .string(shape)
    .transform((text, context) => (privateKey.test(text) ? new Secret(text) : refuse(context, shape, fix)))
    .meta({ writeOnly: true })
}
