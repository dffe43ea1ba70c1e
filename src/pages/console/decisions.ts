import type { RecordFilter } from '../../audit/filter.ts'
import type { AuditRecord } from '../../audit/record-schema.ts'
import { html } from '../html.ts'
import type { Page } from '../layout.ts'
import { consolePage } from './frame.ts'
import { recordTable } from './records.ts'

/** The last records, with a filter. */
export function decisionsPage(records: readonly AuditRecord[], { text, outcome }: RecordFilter, base: string): Page {
  const option = (value: string, label: string) =>
    html`<option value="${value}"${value === (outcome ?? '') ? html` selected` : undefined}>${label}</option>`
  return consolePage(
    'decisions',
    html`<form class="filter" method="get" action="${base}/decisions">
        <label>Person, path or request id <input name="text" value="${text}" /></label>
        <label>Outcome <select name="outcome">${[option('', 'any'), option('allow', 'allowed'), option('deny', 'refused')]}</select></label>
        <button class="button">Show</button>
      </form>
      <p class="soft">The last records of this process. The whole trail: <code>stagedoor audit search</code>.</p>
      <div data-live="${base}/live">${recordTable(records, base)}</div>`,
    base,
  )
}

type Explained = { method: string; host: string; path: string; claims: string; lines?: readonly string[] | undefined }

/** A form for a question to the rules, and how the rules decide it. */
export function explainPage({ method, host, path, claims, lines }: Explained, base: string): Page {
  return consolePage(
    'explain',
    html`<p class="soft">Shows how the rules decide about a request, for yourself or for a person with other claims.</p>
      <form class="filter" method="get" action="${base}/explain">
        <label>Method <input name="method" value="${method}" size="8" required /></label>
        <label>Host <input name="host" value="${host}" size="24" placeholder="this one" /></label>
        <label>Path <input name="path" value="${path}" size="40" required /></label>
        <label>Claims of the person, as JSON (yours when empty)
          <textarea name="claims" rows="3" cols="60" spellcheck="false">${claims}</textarea></label>
        <button class="button primary">Explain</button>
      </form>
      ${lines === undefined ? undefined : html`<pre tabindex="0">${lines.join('\n')}</pre>`}`,
    base,
  )
}
