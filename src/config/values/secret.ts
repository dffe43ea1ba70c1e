import { createPrivateKey, X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'

import { z } from 'zod'

import { refuse } from './quantities.ts'

const placeholder = '[secret]'

/** A value that is never shown: JSON, templates, logs and `util.inspect` print `[secret]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Use it only in the call that needs it; do not store or log it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return placeholder
  }

  toJSON(): string {
    return placeholder
  }

  [inspect.custom](): string {
    return placeholder
  }
}

/** A secret option: literal text, a variable (`${VAR}`) or a file (`$file`). */
export function secretText({ minLength, fix }: { minLength: number; fix: string }) {
  const expected = minLength > 1 ? `a secret of at least ${minLength} characters` : 'a secret'
  return z
    .string(expected)
    .transform((text, context) => {
      if (isPlaceholder(text)) return refuse(context, 'a secret of yours, not a placeholder', fix)
      if (text.length < minLength) return refuse(context, expected, fix)
      return isOneLine(text) ? new Secret(text) : refuse(context, oneLine, oneLineFix)
    })
    .meta({ writeOnly: true })
}

const oneLine = 'a secret on one line, with no space or byte order mark around it'
const oneLineFix = 'write it again as one line of UTF-8, for example with: printf %s "$SECRET" > file'

/** Whether a secret is one line without surrounding characters. With them it would fail, but only later. PEM may have several lines. */
function isOneLine(text: string): boolean {
  return text.startsWith('-----BEGIN ') || (text === text.trim() && !/[\p{Cc}\uFEFF\uFFFD]/u.test(text))
}

/** Whether text is a placeholder for a secret, as in examples. Only letters and digits are compared. */
function isPlaceholder(text: string): boolean {
  return /^(?:changeme|changethis|replaceme|replacewith|your(?:own|client|auth0|session|secret)|placeholder|todo$|x{5,20}$|insert)/.test(
    text.toLowerCase().replaceAll(/[^a-z0-9]/g, ''),
  )
}

const certificateStart = /^-----BEGIN (?:TRUSTED )?CERTIFICATE-----/
const fix = 'read it from a file: { $file: /etc/stagedoor/tls/…pem }'

/** One certificate or several in a row, as PEM text (RFC 7468 §5). */
export function certificates() {
  const shape = 'certificates in PEM form'
  return z.string(shape).transform((text, context): string => {
    const all = text.split(/(?=-----BEGIN )/).filter((part) => certificateStart.test(part))
    const areGood = all.length > 0 && all.every((pem) => isRead(() => new X509Certificate(pem)))
    return areGood ? text : refuse(context, shape, fix)
  })
}

/** An unencrypted private key as PEM text (RFC 7468 §10). */
export function pemKey() {
  const shape = 'a private key in PEM form, without a passphrase'
  return z
    .string(shape)
    .transform((text, context) =>
      isRead(() => createPrivateKey(text)) ? new Secret(text) : refuse(context, shape, fix),
    )
    .meta({ writeOnly: true })
}

function isRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
