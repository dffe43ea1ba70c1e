import type { UserPrincipal } from '../identity/principal.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'

export type AccountView = {
  user: UserPrincipal
  /** Milliseconds since the epoch. */
  signedInAt: number
  expiresAt: number
  portalHref: string
  logoutHref: string
}

/** The signed-in person's claims, roles and the end of the session. */
export function accountPage({ user, signedInAt, expiresAt, portalHref, logoutHref }: AccountView): string {
  const { claims } = user
  return page(
    claims.name ?? claims.email ?? user.subject,
    html`<dl>
        ${entry('E-mail', claims.email === undefined ? undefined : `${claims.email}${claims.email_verified ? '' : ' (not verified)'}`)}
        ${entry('User id', user.subject)} ${entry('Organization', claims.org_name ?? claims.org_id)}
        ${entry('Roles', tags(claims.roles))} ${entry('Groups', tags(claims.groups))}
        ${entry('Permissions', tags(claims.permissions))} ${entry('Signed in', time(signedInAt))}
        ${entry('Ends unless used', time(expiresAt))}
      </dl>
      <p class="actions">
        <a class="button primary" href="${portalHref}">Open the portal</a>
        <a class="button" href="${logoutHref}">Sign out</a>
      </p>
      <form method="post" action="${logoutHref}">
        <input type="hidden" name="everywhere" value="true" />
        <p class="actions"><button class="button">Sign out everywhere</button></p>
        <p class="soft">Ends your sessions in all browsers and on all devices.</p>
      </form>`,
  )
}

function entry(label: string, value: Html | string | undefined): Html {
  return value === undefined ? html`` : html`<dt>${label}</dt><dd>${value}</dd>`
}

function tags(names: readonly string[]): Html {
  return names.length === 0
    ? html`<span class="soft">none</span>`
    : html`${names.map((name) => html`<span class="tag">${name}</span>`)}`
}

function time(ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
