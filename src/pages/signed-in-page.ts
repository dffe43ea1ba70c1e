import { createHash } from 'node:crypto'

import { Html, html } from './html.ts'
import { page } from './layout.ts'

/**
 * Tells the portal's tabs that somebody signed in (only pages of our own origin hear it), then closes the window, which
 * browsers allow only where a script opened it.
 */
const script = `new BroadcastChannel('stagedoor').postMessage({type:'signed-in'});window.close()`

/** What the page's Content-Security-Policy lets run. */
export const signedInScriptSource = `'sha256-${createHash('sha256').update(script).digest('base64')}'`

/** Where a login in a window of its own ends. */
export function signedInPage(name: string, portalHref: string): string {
  return page(
    'You are signed in',
    html`<p>You are signed in as <strong>${name}</strong>. You can close this window and go on where you were.</p>
      <p class="actions"><a class="button" href="${portalHref}">Open the portal here</a></p>
      <script>${new Html(script)}</script>`,
  )
}
