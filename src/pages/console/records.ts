import type { AuditRecord } from '../../audit/record-schema.ts'
import { changeText } from '../../audit/record.ts'
import { type Html, html, preciseTimeElement } from '../html.ts'

/** A table of records, latest first. Each decision links to an explanation. */
export function recordTable(records: readonly AuditRecord[], base: string): Html {
  if (records.length === 0) return html`<p class="soft">No record matches.</p>`
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Records"><table>
    <thead><tr><th>Time</th><th>Event</th><th>Who</th><th>What</th><th>Outcome</th><th>Request</th></tr></thead>
    <tbody>${records.map((record) => row(record, base))}</tbody>
  </table></div>`
}

function row(record: AuditRecord, base: string): Html {
  const { time, event, outcome, status, duration_ms: ms, request_id: requestId, client_ip: address } = record
  const took = ms === undefined ? '' : ` · ${Math.round(ms)} ms`
  return html`<tr>
    <td>${preciseTimeElement(Date.parse(time))}</td>
    <td>${event}${record.class === undefined ? '' : ` (${record.class})`}</td>
    <td>${whoOf(record)}<br /><span class="soft">${address}</span></td>
    <td>${whatOf(record)}</td>
    <td><span class="${outcome === 'allow' ? 'good' : 'bad'}">${outcome}</span> ${status === undefined ? '' : String(status)}${took}
      <br /><span class="soft">${[record.reason, record.rule && `rule ${record.rule}`].filter(Boolean).join(', ')}</span>
      ${explainLink(record, base)}</td>
    <td><code>${requestId?.slice(0, 8)}</code></td>
  </tr>`
}

function whoOf({ principal }: AuditRecord): string {
  if (principal === undefined) return ''
  return principal.name ?? principal.subject ?? principal.client ?? principal.kind
}

function whatOf({ method, path, target, change, channel }: AuditRecord): string {
  if (change !== undefined) return changeText(change)
  if (target !== undefined) return `${channel ?? ''} ${Object.values(target).join(' ')}`.trim()
  return [method, path].filter(Boolean).join(' ')
}

/** A link to the explanation of a decided request, with its method, host and path. */
function explainLink({ event, method, host = '', path }: AuditRecord, base: string): Html | undefined {
  const isDecided = event === 'decision' || event === 'admin-action'
  if (!isDecided || method === undefined || path === undefined) return undefined
  const query = new URLSearchParams({ method, host, path }).toString()
  return html` <a href="${base}/explain?${query}">why?<span class="unseen"> ${method} ${path}</span></a>`
}
