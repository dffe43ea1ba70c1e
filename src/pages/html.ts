import { hash } from 'node:crypto'

/** Markup that is already escaped. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Part = Html | string | number | undefined | readonly Html[]

/** Escapes text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Template tag that escapes every inserted value, unless it is `Html`. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: literals }, ...parts.map(render)))
}

function render(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.markup
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map((item) => item.markup).join('')
}

/**
 * A time to the minute, in UTC. A script on the page converts it to the reader's own time zone.
 * @param ms milliseconds since the epoch
 */
export function timeElement(ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}

/** A time to the second, for records, of which there are many in a minute. */
export function preciseTimeElement(ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}" data-seconds>${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}

/** An inline script, and its hash for `script-src` (CSP Level 3 §2.3.1). */
export type Script = { text: string; source: string }

export function createScript(text: string): Script {
  return { text, source: `'sha256-${hash('sha256', text, 'base64')}'` }
}

/** Shows every `<time>` in the reader's own time zone, also in parts that are added later (`replaced`). Without it, times are in UTC. */
export const localTimes: Script = createScript(`
const options = { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }
const showTimes = () => {
  for (const element of document.querySelectorAll('time[datetime]:not([title])')) {
    element.title = element.textContent
    const second = element.dataset.seconds === undefined ? undefined : '2-digit'
    element.textContent = new Intl.DateTimeFormat(undefined, { ...options, second }).format(new Date(element.dateTime))
  }
}
showTimes()
document.addEventListener('replaced', showTimes)
`)
