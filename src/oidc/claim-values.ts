/** A claim, or a part of one, that has the wrong type. */
export type UnusableClaim = {
  /** Full name of the claim. */
  claim: string
  expected: 'text' | 'true or false' | 'a list of text' | 'single values'
  /** The type of the value in words, never the value: `a number`, `an object in a list`. */
  found: string
}

export type OnUnusable = (unusable: UnusableClaim) => void

/**
 * The text of a claim, made well-formed: a lone surrogate cannot be written to a header or a URL. Undefined for empty text and
 * `null`.
 */
export function textOf(claim: string, value: unknown, report?: OnUnusable): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value.toWellFormed()
  if (!isMissing(value)) report?.({ claim, expected: 'text', found: kindOf(value) })
  return undefined
}

/** The texts of a claim. A single text counts as a list of one. */
export function listOf(claim: string, value: unknown, report?: OnUnusable): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value.toWellFormed()]
  if (isMissing(value)) return []
  const expected = 'a list of text'
  if (!Array.isArray(value)) {
    report?.({ claim, expected, found: kindOf(value) })
    return []
  }
  const texts = new Set<string>()
  for (const item of value) {
    if (typeof item !== 'string') report?.({ claim, expected, found: `${kindOf(item)} in a list` })
    else if (item !== '') texts.add(item.toWellFormed())
  }
  return [...texts]
}

/** Text such as `"true"` is not accepted: a verified claim is a JSON boolean (OIDC Core §5.1). */
export function booleanOf(claim: string, value: unknown, report?: OnUnusable): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (!isMissing(value)) report?.({ claim, expected: 'true or false', found: kindOf(value) })
  return undefined
}

/** Whether rules can compare the value: a single value or a list of them. Anything deeper would only make sessions larger. */
export function isComparable(claim: string, value: unknown, report?: OnUnusable): boolean {
  const odd = [value].flat().find((item) => !['string', 'number', 'boolean'].includes(typeof item))
  if (odd === undefined) return true
  report?.({ claim, expected: 'single values', found: Array.isArray(value) ? `${kindOf(odd)} in a list` : kindOf(odd) })
  return false
}

export function wellFormed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wellFormed)
  return typeof value === 'string' ? value.toWellFormed() : value
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'boolean') return 'true or false'
  return typeof value === 'string' ? 'text' : 'a number'
}

/** Text that is not empty. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/**
 * Whether a `sub` is valid: 1 to 255 ASCII characters (OIDC Core §2) without control characters, and without a space at either
 * end. Anything else could be shown, stored or compared in more than one way.
 */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 255 && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}
