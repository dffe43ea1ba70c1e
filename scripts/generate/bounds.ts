import type { Option } from '../../src/config/option.ts'

/** The values an option takes, in words; undefined when its type says it all. */
export function boundsOf(option: Option): string | undefined {
  if (option['x-bounds'] !== undefined) return option['x-bounds']
  const values = option.enum ?? option.items?.enum
  if (values !== undefined) return values.join(' | ')
  const number = option.type === 'number' ? option : option.anyOf?.find(({ type }) => type === 'integer')
  return number === undefined ? undefined : `${number.minimum} to ${number.maximum}`
}
