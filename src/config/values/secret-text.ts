import { z } from 'zod'

import { refuse } from './refuse.ts'
import { Secret } from './secret.ts'

/** A secret option: text here, from `${VAR}`, or from a file by `$file`. */
export function secretText({ minLength, fix }: { minLength: number; fix: string }) {
  const expected = minLength > 1 ? `a secret of at least ${minLength} characters` : 'a secret'
  return z
    .string(expected)
    .transform((text, context) => (text.length < minLength ? refuse(context, expected, fix) : new Secret(text)))
    .meta({ writeOnly: true })
}
