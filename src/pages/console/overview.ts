import type { AuditRecord } from '../../audit/record-schema.ts'
import type { Condition } from '../../telemetry/condition.ts'
import { type Html, html } from '../html.ts'
import type { Page } from '../layout.ts'
import { consolePage } from './frame.ts'
import { recordTable } from './records.ts'

export type Overview = {
  conditions: readonly Condition[]
  /** Of this process, the latest first. */
  records: readonly AuditRecord[]
  sessionCount: number
  /** Milliseconds since the epoch. */
  now: number
}

const minutes = 30
const shownRecords = 15

/** Health, the last half hour, and what happened last. */
export function overviewPage({ conditions, records, sessionCount, now }: Overview, base: string): Page {
  return consolePage(
    'overview',
    html`<div data-live="${base}/live">
      <h2>Health</h2>
      <ul class="list">${conditions.map(conditionItem)}</ul>
      <h2>The last ${minutes} minutes of this process</h2>
      ${chart(records, now)}
      <p class="soft">${sessionCount} live sessions are known. <a href="${base}/sessions">All sessions</a></p>
      <h2>Last records</h2>
      ${recordTable(records.slice(0, shownRecords), base)}
    </div>`,
    base,
  )
}

function conditionItem({ name, status, reason }: Condition): Html {
  return html`<li><span class="icon ${status === 'ok' ? 'good' : 'bad'}" aria-hidden="true">${status === 'ok' ? '✓' : '!'}</span>
    <span class="grow"><strong>${name}</strong> ${status}${reason === undefined ? undefined : html`<br /><span class="soft">${reason}</span>`}</span></li>`
}

type Minute = { requests: number; refusals: number; logins: number; slowestMs: number }

/** What happened in each minute, the oldest first. */
export function minutesOf(records: readonly AuditRecord[], now: number): Minute[] {
  const counts = Array.from({ length: minutes }, () => ({ requests: 0, refusals: 0, logins: 0, slowestMs: 0 }))
  for (const { event, outcome, time, duration_ms: ms = 0 } of records) {
    const minute = counts.at(-1 - Math.floor((now - Date.parse(time)) / 60_000))
    if (minute === undefined) continue
    if (event === 'login') minute.logins += 1
    if (event !== 'decision') continue
    minute.requests += 1
    if (outcome === 'deny') minute.refusals += 1
    minute.slowestMs = Math.max(minute.slowestMs, ms)
  }
  return counts
}

function chart(records: readonly AuditRecord[], now: number): Html {
  const counted = minutesOf(records, now)
  const most = Math.max(1, ...counted.map(({ requests }) => requests))
  const sum = (pick: (minute: Minute) => number) => counted.reduce((total, minute) => total + pick(minute), 0)
  const text = `${sum((m) => m.requests)} requests, ${sum((m) => m.refusals)} refused, ${sum((m) => m.logins)} logins, slowest answer ${Math.round(Math.max(...counted.map((m) => m.slowestMs)))} ms`
  const bars = counted.map(({ requests, refusals }, i) => {
    const [all, refused] = [requests, refusals].map((count) => Math.round((count / most) * 60))
    return html`<rect x="${i * 10}" y="${60 - Number(all)}" width="8" height="${Number(all)}" class="bar" /><rect x="${i * 10}" y="${60 - Number(refused)}" width="8" height="${Number(refused)}" class="bar refused" />`
  })
  return html`<svg viewBox="0 0 ${minutes * 10} 60" width="100%" height="80" preserveAspectRatio="none" role="img" aria-label="${text}">${bars}</svg>
    <p>${text}</p>`
}
