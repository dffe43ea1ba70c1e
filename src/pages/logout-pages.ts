import { html } from './html.ts'
import { page } from './layout.ts'

type LogoutView = { name: string; action: string; returnTo: string }

/** Asks before signing out, so that a link on another page cannot do it. */
export function logoutPage({ name, action, returnTo }: LogoutView): string {
  return page(
    'Sign out?',
    html`<p>
        You are signed in as <strong>${name}</strong>. Signing out ends your session here and at the login service.
      </p>
      <form method="post" action="${action}">
        <input type="hidden" name="return_to" value="${returnTo}" />
        <p class="actions">
          <button class="button primary">Sign out</button> <a class="button" href="${returnTo}">Stay signed in</a>
        </p>
      </form>`,
  )
}

/** Where the browser lands when everything has ended. */
export function signedOutPage(loginHref: string): string {
  return page(
    'You are signed out',
    html`<p>Your session has ended. If others use this computer, close the browser too.</p>
      <p class="actions"><a class="button primary" href="${loginHref}">Sign in again</a></p>`,
  )
}
