import { parse } from 'bowser'

const maxLength = 60
/** No browser sends more. The time that bowser's patterns take grows with the square of the length. */
const maxReadLength = 512

/** A description of a browser that its owner recognizes, such as `Firefox on Linux`. */
export function deviceOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'Unknown device'
  const { browser, os } = parse(userAgent.slice(0, maxReadLength))
  const name = [browser.name || 'Unknown browser', os.name]
    .filter((part) => part !== undefined && part !== '')
    .join(' on ')
  return name.slice(0, maxLength)
}
