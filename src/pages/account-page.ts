// This folder: the HTML that people see.

import type { UserPrincipal } from '../identity/principal.ts'
import type { ReachedEntry } from '../policy/account-entries.ts'
import type { SeenSession } from '../revocation/seen-sessions.ts'
import { type Html, html, timeElement, createScript } from './html.ts'
import type { Page } from './layout.ts'

type AccountView = {
  user: UserPrincipal
  /** Milliseconds since the epoch. */
  signedInAt: number
  expiresAt: number
  /** Services and pages, with whether the person can open each one, or why not. */
  entries: readonly ReachedEntry[]
  /** The person's live sessions, including this one. */
  sessions: readonly SeenSession[]
  /** Whether to show the link to the console. */
  isAdmin: boolean
  /** Path prefix of our own endpoints. */
  prefix: string
  /** A sentence about the action that was just done. */
  notice?: string | undefined
}

/** Removes a picture that cannot be loaded. */
const missingPictures = createScript(`
for (const picture of document.querySelectorAll('.initial img')) {
  const leave = () => picture.remove()
  if (picture.complete && picture.naturalWidth === 0) leave()
  else picture.addEventListener('error', leave)
}
`)

/** The page that shows people their identity, the services open to them, and their sessions. */
export function accountPage(view: AccountView): Page {
  const { user, entries, prefix, isAdmin, notice } = view
  return {
    title: 'My account',
    isWide: true,
    body: html`${notice === undefined ? undefined : html`<p role="status" class="good">${notice}</p>`}
      <div class="columns">
        <div>
          ${personSection(user)} ${factsSection(view)}
          <p class="actions">
            <a class="button primary" href="/">Open the portal</a>
            ${isAdmin ? html`<a class="button" href="${prefix}/admin/">Console</a>` : undefined}
            <a class="button" href="${prefix}/token">Inspect a token</a>
            <a class="button" href="${prefix}/logout">Sign out</a>
          </p>
        </div>
        <div>
          ${entries.length === 0 ? undefined : html`<h2>What I can reach</h2><ul class="list">${entries.map(entryItem)}</ul>`}
          ${sessionsSection(view)}
        </div>
      </div>`,
    scripts: [missingPictures],
  }
}

function personSection({ claims, subject }: UserPrincipal): Html {
  const name = claims.name ?? claims.email ?? subject
  const isShown = claims.picture?.startsWith('https://') === true
  // The picture covers the initial, which stays visible if the picture cannot be loaded.
  const picture = isShown ? html`<img src="${claims.picture}" alt="" referrerpolicy="no-referrer" />` : undefined
  return html`<div class="person">
    <span class="initial" aria-hidden="true">${/^./u.exec(name)?.[0].toUpperCase()}${picture}</span><strong>${name}</strong></div>`
}

function factsSection({ user, signedInAt, expiresAt }: AccountView): Html {
  const { claims, subject } = user
  const email = claims.email && `${claims.email}${claims.email_verified === true ? '' : ' (not verified)'}`
  return html`<dl>
    ${entry('E-mail', email)} ${entry('User ID', subject)} ${entry('Organization', claims.org_name ?? claims.org_id)}
    ${entry('Roles', tags(claims.roles))} ${entry('Groups', tags(claims.groups))}
    ${entry('Permissions', tags(claims.permissions))} ${entry('Signed in', timeElement(signedInAt))}
    ${entry('Ends unless used', timeElement(expiresAt))}
  </dl>`
}

function entry(label: string, value: Html | string | undefined): Html {
  return value === undefined ? html`` : html`<dt>${label}</dt><dd>${value}</dd>`
}

function tags(names: readonly string[]): Html {
  return names.length === 0
    ? html`<span class="soft">none</span>`
    : html`${names.map((name) => html`<span class="tag">${name}</span>`)}`
}

function entryItem({ title, description, icon, href, access, missing }: ReachedEntry): Html {
  const name = href === undefined || access !== 'open' ? html`${title}` : html`<a href="${href}">${title}</a>`
  return html`<li>
    <span class="icon" aria-hidden="true">${icon ?? (access === 'open' ? '✓' : '–')}</span>
    <span class="grow"><strong>${name}</strong>
      ${description === undefined ? undefined : html`<br /><span class="soft">${description}</span>`}
      ${missing === undefined ? undefined : html`<br /><span class="bad">Not now: ${missing}</span>`}
    </span>
    ${
      access === 'second-factor' && href !== undefined
        ? html`<a class="button small" href="${href}">Confirm with a second factor<span class="unseen"> for ${title}</span></a>`
        : undefined
    }
  </li>`
}

function sessionsSection({ user, sessions, prefix }: AccountView): Html {
  const others = sessions.filter(({ id }) => id !== user.sessionId)
  return html`<h2>Where I am signed in</h2>
    <ul class="list">${sessions.map((session) => sessionItem(session, session.id === user.sessionId, prefix))}</ul>
    <p class="soft">The list holds sessions that were used since this gateway started.</p>
    <div class="actions">
      ${
        others.length === 0
          ? undefined
          : html`<form method="post" action="${prefix}/sessions/end"><input type="hidden" name="others" value="true" /><button class="button">End all other sessions</button></form>`
      }
      <a class="button" href="${prefix}/logout?everywhere=true">Sign out everywhere</a>
    </div>`
}

function sessionItem({ id, device, address, usedAt }: SeenSession, isThis: boolean, prefix: string): Html {
  const where = [device ?? 'Unknown device', address].filter((part) => part !== undefined).join(' · ')
  return html`<li>
    <span class="grow">${where}${isThis ? html` <span class="tag">this session</span>` : undefined}
      <br /><span class="soft">last used ${timeElement(usedAt)}</span></span>
    ${
      isThis
        ? undefined
        : html`<form method="post" action="${prefix}/sessions/end"><input type="hidden" name="session" value="${id}" /><button class="button small">End<span class="unseen"> the session on ${where}</span></button></form>`
    }
  </li>`
}
