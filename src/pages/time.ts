import { type Html, html } from './html.ts'

/**
 * A moment, in UTC; a script on the page shows it in the reader's own time zone.
 * @param ms milliseconds since the epoch
 */
export function timeElement(ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
