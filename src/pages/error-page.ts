import { html } from './html.ts'
import { page } from './layout.ts'

export type ErrorView = {
  sentence: string
  remedy: string
  detail?: string | undefined
  code: string
  requestId: string
  /** Where the person can go from here. */
  ways: readonly { label: string; href: string }[]
}

/** What a person sees instead of what they asked for: what happened, what to do, and what to quote to support. */
export function errorPage({ sentence, remedy, detail, code, requestId, ways }: ErrorView): string {
  const links = ways.map(
    ({ label, href }, i) => html`<a class="button ${i === 0 ? 'primary' : ''}" href="${href}">${label}</a>`,
  )
  return page(
    sentence,
    html`${detail === undefined ? undefined : html`<p>${detail}</p>`}
      <p>${remedy}</p>
      ${links.length === 0 ? undefined : html`<p class="actions">${links}</p>`}`,
    html`<code>${code}</code><br />Request <code>${requestId}</code>`,
  )
}
