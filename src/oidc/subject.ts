/**
 * Whether a `sub` can name a person or a program: 1 to 255 ASCII characters (OIDC Core §2), none of them a control
 * character, no space at either end. Anything else could be shown, stored or compared in more than one way.
 */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 255 && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}
