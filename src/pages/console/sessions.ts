import { counted } from '../../config/values/quantities.ts'
import type { SeenSession } from '../../revocation/seen-sessions.ts'
import { type Html, html, timeElement } from '../html.ts'
import type { Page } from '../layout.ts'
import { consolePage } from './frame.ts'

type SessionList = {
  sessions: readonly SeenSession[]
  total: number
  offset: number
  limit: number
  text: string
  notice?: string | undefined
}

/** Live sessions, with a search, and buttons to end one session or all sessions of a person. */
export function sessionsPage(list: SessionList, base: string): Page {
  const { sessions, total, text, notice } = list
  return consolePage(
    'sessions',
    html`${notice === undefined ? undefined : html`<p role="status" class="good">${notice}</p>`}
      <form class="filter" method="get" action="${base}/sessions">
        <label>Person, organization, device or address <input name="text" value="${text}" /></label>
        <button class="button">Search</button>
      </form>
      <p class="soft">${counted(total, 'live session')} used since this gateway started.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Sessions"><table>
        <thead><tr><th>Person</th><th>Device</th><th>Signed in</th><th>Last used</th><th>End</th></tr></thead>
        <tbody>${sessions.map((session) => row(session, base))}</tbody>
      </table></div>
      ${paging(list, base)}`,
    base,
  )
}

function row(
  { id, subject, email, organization, device, address, createdAt, usedAt }: SeenSession,
  base: string,
): Html {
  const form = (name: string, value: string, label: string) =>
    html`<form method="post" action="${base}/sessions/revoke"><input type="hidden" name="${name}" value="${value}" /><button class="button small">${label}<span class="unseen"> of ${email ?? subject}</span></button></form>`
  return html`<tr>
    <td>${email ?? subject}<br /><span class="soft">${[subject, organization].filter(Boolean).join(' · ')}</span></td>
    <td>${device}<br /><span class="soft">${address}</span></td>
    <td data-label="Signed in">${timeElement(createdAt)}</td><td data-label="Last used">${timeElement(usedAt)}</td>
    <td><div class="actions">${form('session', id, 'This session')} ${form('subject', subject, 'All sessions')}</div></td>
  </tr>`
}

function paging({ total, offset, limit, text }: SessionList, base: string): Html {
  const link = (to: number, label: string) =>
    html`<a class="button small" href="${base}/sessions?${new URLSearchParams({ text, offset: String(to) }).toString()}">${label}</a>`
  return html`<div class="actions">
    ${offset > 0 ? link(Math.max(0, offset - limit), 'Newer') : undefined}
    ${offset + limit < total ? link(offset + limit, 'Older') : undefined}
  </div>`
}
