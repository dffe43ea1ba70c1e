import { holdsSecret, type Option } from '../option.ts'

const maxShownLength = 60

/** How a value is shown in a problem; never a secret, and nothing of a value the schema does not know. */
export function describeFound(value: unknown, option: Option | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'string') return describeText(value, option)
  if (typeof value === 'number' || typeof value === 'boolean')
    return isShowable(option) ? `the ${typeof value} ${value}` : `a ${typeof value}`
  return `a ${typeof value}`
}

function describeText(text: string, option: Option | undefined): string {
  if (!isShowable(option)) return `text of ${text.length} characters (not shown)`
  // A URL may hold a password where none is expected.
  const safe = text.replaceAll(/\/\/[^/@\s]*@/g, '//[secret]@')
  return JSON.stringify(safe.length > maxShownLength ? `${safe.slice(0, maxShownLength)}…` : safe)
}

function isShowable(option: Option | undefined): boolean {
  return option !== undefined && !holdsSecret(option)
}
