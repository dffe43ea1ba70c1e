import { html } from './html.ts'
import { page } from './layout.ts'

type Links = { portalHref: string; accountHref: string; logoutHref: string }

/** For the back button and bookmarks of the login: nothing is wrong, and nothing is left to do. */
export function alreadySignedInPage(name: string | undefined, { portalHref, accountHref, logoutHref }: Links): string {
  return page(
    'You are signed in already',
    html`<p>
        ${name === undefined ? undefined : html`You are signed in as <strong>${name}</strong>. `}This page belongs to a
        sign-in that is finished; there is nothing left to do here.
      </p>
      <p class="actions">
        <a class="button primary" href="${portalHref}">Go to the portal</a>
        <a class="button" href="${accountHref}">My account</a> <a class="button" href="${logoutHref}">Sign out</a>
      </p>`,
  )
}
