import { parse } from 'bowser'

const maxLength = 60

/** A browser in words that its owner recognizes, such as `Firefox on Linux`. */
export function deviceOf(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return 'Unknown device'
  const { browser, os } = parse(userAgent)
  const name = [browser.name || 'Unknown browser', os.name]
    .filter((part) => part !== undefined && part !== '')
    .join(' on ')
  return name.slice(0, maxLength)
}
