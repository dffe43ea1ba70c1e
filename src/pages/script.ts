import { createHash } from 'node:crypto'

/** JavaScript that stands inside a page, and its hash for `script-src` (CSP Level 3 §2.3.1). */
export type Script = { text: string; source: string }

export function createScript(text: string): Script {
  return { text, source: `'sha256-${createHash('sha256').update(text).digest('base64')}'` }
}

/** Shows every `<time>` in the reader's own time zone, also in parts that come later (`replaced`); the page itself says UTC. */
export const localTimes: Script = createScript(`
const options = { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }
const showTimes = () => {
  for (const element of document.querySelectorAll('time[datetime]:not([title])')) {
    element.title = element.textContent
    element.textContent = new Intl.DateTimeFormat(undefined, options).format(new Date(element.dateTime))
  }
}
showTimes()
document.addEventListener('replaced', showTimes)
`)
