import type { Minute } from '../../audit/counts-by-minute.ts'
import type { AuditRecord } from '../../audit/record-schema.ts'
import type { ShownOption } from '../../config/effective.ts'
import type { Condition } from '../../telemetry/condition.ts'
import { type Html, html } from '../html.ts'
import type { Page } from '../layout.ts'
import { consolePage } from './frame.ts'
import { recordTable } from './records.ts'

type Overview = {
  conditions: readonly Condition[]
  /** Records of this process, latest first. */
  records: readonly AuditRecord[]
  sessionCount: number
  /** Oldest first. */
  minutes: readonly Minute[]
}

/** Health, charts of the last half hour, and the latest records. */
export function overviewPage({ conditions, records, sessionCount, minutes }: Overview, base: string): Page {
  return consolePage(
    'overview',
    html`<div data-live="${base}/live">
      <h2>Health</h2>
      <ul class="tiles">${conditions.map(conditionItem)}</ul>
      <h2>The last ${minutes.length} minutes of this process</h2>
      ${charts(minutes)}
      <p class="soft">Live sessions: ${sessionCount}. <a href="${base}/sessions">All sessions</a></p>
      <h2>Last records</h2>
      ${recordTable(records, base)}
    </div>`,
    base,
  )
}

function conditionItem({ name, status, reason }: Condition): Html {
  return html`<li><span class="icon ${status === 'ok' ? 'good' : 'bad'}" aria-hidden="true">${status === 'ok' ? '✓' : '!'}</span>
    <strong>${name}</strong> ${status}${reason === undefined ? undefined : html`<br /><span class="soft">${reason}</span>`}</li>`
}

type Series = { label: string; bar: string; value: (minute: Minute) => number; summary: (values: number[]) => string }

const sumOf = (values: number[]): string => String(values.reduce((sum, value) => sum + value, 0))

const series: readonly Series[] = [
  { label: 'Requests', bar: '', value: ({ requests }) => requests, summary: sumOf },
  { label: 'Refused', bar: 'refused', value: ({ refusals }) => refusals, summary: sumOf },
  { label: 'Logins', bar: 'login', value: ({ logins }) => logins, summary: sumOf },
  {
    label: '95 % within',
    bar: 'latency',
    value: ({ p95Ms }) => p95Ms,
    summary: (values) => `${values.findLast((value) => value > 0) ?? 0} ms`,
  },
]

/** One small chart for each series over the same minutes. Each chart is scaled to its own highest bar. */
function charts(minutes: readonly Minute[]): Html {
  const tiles = series.map(({ label, bar, value, summary }) => {
    const values = minutes.map(value)
    const most = Math.max(1, ...values)
    const bars = values.map((each, i) => {
      // A small number still gets a visible bar.
      const height = each === 0 ? 0 : Math.max(2, Math.round((each / most) * 60))
      return html`<rect x="${i * 10}" y="${60 - height}" width="8" height="${height}" class="bar ${bar}" />`
    })
    return html`<li><strong>${label}</strong> ${summary(values)}
      <svg viewBox="0 0 ${minutes.length * 10} 60" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
      <span class="soft">at most ${Math.max(...values)}${bar === 'latency' ? ' ms' : ' a minute'}</span></li>`
  })
  return html`<ul class="tiles">${tiles}</ul>`
}

/** The configuration in force without its secrets, and the source of each value. */
export function configurationPage(options: readonly ShownOption[], base: string): Page {
  return consolePage(
    'configuration',
    html`<p>The configuration in force, with every default. Secrets are left out.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Options"><table>
        <thead><tr><th>Option</th><th>Value</th><th>From</th></tr></thead>
        <tbody>${options.map(optionRow)}</tbody>
      </table></div>`,
    base,
  )
}

function optionRow({ option, value, from }: ShownOption): Html {
  const isWritten = from !== 'default'
  return html`<tr><td><code>${option}</code></td><td>${isWritten ? html`<strong>${value}</strong>` : value}</td>
    <td class="${isWritten ? '' : 'soft'}">${from}</td></tr>`
}
