import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'

export type ErrorView = {
  sentence: string
  remedy: string
  detail?: string | undefined
  code: string
  requestId: string
  /** How the request was decided, line by line; for administrators. */
  explanation?: readonly string[] | undefined
  /** Links that the page offers. */
  ways: readonly { label: string; href: string }[]
  /** A form that signs out here and at the login service, then starts a login. */
  anotherAccount?: { action: string; returnTo: string } | undefined
}

/** The content of an error page: what happened, what to do next, and the id to quote to support. */
export function errorPage({
  sentence,
  remedy,
  detail,
  code,
  requestId,
  explanation,
  ways,
  anotherAccount,
}: ErrorView): Page {
  const links = ways.map(
    ({ label, href }, i) => html`<a class="button ${i === 0 ? 'primary' : ''}" href="${href}">${label}</a>`,
  )
  return {
    title: sentence,
    body: html`${detail === undefined ? undefined : html`<p>${detail}</p>`}
      <p>${remedy}</p>
      <div class="actions">${links} ${anotherAccount === undefined ? undefined : anotherAccountForm(anotherAccount, links.length === 0)}</div>
      ${explanation === undefined ? undefined : explanationSection(explanation)}`,
    footer: html`<code>${code}</code><br />Request <code>${requestId}</code>`,
  }
}

function explanationSection(lines: readonly string[]): Html {
  return html`<h2>How this was decided</h2>
    <p class="soft">You see this because you run Stagedoor.</p>
    <pre tabindex="0">${lines.join('\n')}</pre>`
}

function anotherAccountForm({ action, returnTo }: { action: string; returnTo: string }, isFirst: boolean): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="next" value="login" />
    <input type="hidden" name="return_to" value="${returnTo}" />
    <button class="button${isFirst ? html` primary` : undefined}">Use another account</button>
  </form>`
}
