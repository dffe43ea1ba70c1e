import { type Html, html } from './html.ts'
import { page } from './layout.ts'

export type ErrorView = {
  sentence: string
  remedy: string
  detail?: string | undefined
  code: string
  requestId: string
  /** How it was decided, for admins; line by line. */
  explanation?: readonly string[] | undefined
  /** Where the person can go from here. */
  ways: readonly { label: string; href: string }[]
}

/** What a person sees instead of what they asked for: what happened, what to do, and what to quote to support. */
export function errorPage({ sentence, remedy, detail, code, requestId, explanation, ways }: ErrorView): string {
  const links = ways.map(
    ({ label, href }, i) => html`<a class="button ${i === 0 ? 'primary' : ''}" href="${href}">${label}</a>`,
  )
  return page(
    sentence,
    html`${detail === undefined ? undefined : html`<p>${detail}</p>`}
      <p>${remedy}</p>
      ${links.length === 0 ? undefined : html`<p class="actions">${links}</p>`}
      ${explanation === undefined ? undefined : explanationSection(explanation)}`,
    html`<code>${code}</code><br />Request <code>${requestId}</code>`,
  )
}

function explanationSection(lines: readonly string[]): Html {
  return html`<h2>How this was decided</h2>
    <p class="soft">You see this because you run Stagedoor.</p>
    <pre tabindex="0">${lines.join('\n')}</pre>`
}
