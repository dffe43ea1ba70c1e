import { html, createScript } from './html.ts'
import type { Page } from './layout.ts'

type Links = { portalHref: string; accountHref: string; logoutHref: string }

/** The page for the back button and for bookmarks of the login, when the person is already signed in. */
export function alreadySignedInPage(name: string | undefined, { portalHref, accountHref, logoutHref }: Links): Page {
  return {
    title: 'You are signed in already',
    body: html`<p>
        ${name === undefined ? undefined : html`You are signed in as <strong>${name}</strong>. `}This page belongs to a
        sign-in that is finished; there is nothing left to do here.
      </p>
      <p class="actions">
        <a class="button primary" href="${portalHref}">Go to the portal</a>
        <a class="button" href="${accountHref}">My account</a> <a class="button" href="${logoutHref}">Sign out</a>
      </p>`,
  }
}

/**
 * Reports the login to the portal's other tabs (only pages of our own origin receive it), then closes the window. Browsers allow
 * that only if a script opened the window.
 */
const announce = createScript(`new BroadcastChannel('stagedoor').postMessage({type:'signed-in'});window.close()`)

/** The last page of a login in a separate window. */
export function signedInPage(name: string, portalHref: string): Page {
  return {
    title: 'You are signed in',
    body: html`<p>You are signed in as <strong>${name}</strong>. You can close this window and continue where you were.</p>
      <p class="actions"><a class="button" href="${portalHref}">Open the portal here</a></p>`,
    scripts: [announce],
  }
}
