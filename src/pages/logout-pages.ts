import { html } from './html.ts'
import type { Page } from './layout.ts'

type LogoutView = { name: string; action: string; returnTo: string; isEverywhere: boolean }

/** Asks before signing out, so that a link on another page cannot do it. */
export function logoutPage({ name, action, returnTo, isEverywhere }: LogoutView): Page {
  return {
    title: isEverywhere ? 'Sign out everywhere?' : 'Sign out?',
    body: html`<p>
        You are signed in as <strong>${name}</strong>.
        ${
          isEverywhere
            ? 'This ends your sessions in all browsers and on all devices, and the one at the login service.'
            : 'Signing out ends your session here and at the login service.'
        }
      </p>
      <form method="post" action="${action}">
        <input type="hidden" name="return_to" value="${returnTo}" />
        ${isEverywhere ? html`<input type="hidden" name="everywhere" value="true" />` : undefined}
        <p class="actions">
          <button class="button primary">${isEverywhere ? 'Sign out everywhere' : 'Sign out'}</button> <a class="button" href="${returnTo}">Stay signed in</a>
        </p>
      </form>`,
  }
}

/** The page after a logout. */
export function signedOutPage(loginHref: string, isEverywhere = false): Page {
  return {
    title: isEverywhere ? 'You are signed out everywhere' : 'You are signed out',
    body: html`<p>
        ${isEverywhere ? 'Your sessions in all browsers and on all devices have ended.' : 'Your session has ended.'}
        If others use this computer, close the browser too.
      </p>
      <p class="actions"><a class="button primary" href="${loginHref}">Sign in again</a></p>`,
  }
}
