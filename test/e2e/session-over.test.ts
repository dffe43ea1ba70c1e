import type { Page } from 'playwright-core'
import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import {
  forgetAtLoginService,
  openAs,
  openLoginWindow,
  revokeSession,
  signIn,
  timeout,
  untilNoDialog,
  untilShownAs,
} from './people.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)
const portal = await startPortal(t)

/** Collects the paths of all calls of this page that got a 401, except for parts of the page itself. */
function collectRefusals(page: Page): string[] {
  const paths: string[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.status() === 401 && !pathname.startsWith('/static/')) paths.push(pathname)
  })
  return paths
}

async function saveNote(page: Page, text: string): Promise<void> {
  await page.getByLabel('Note').fill(text)
  await page.getByRole('button', { name: 'Save' }).click()
}

t.test(
  'when a session is revoked during a form, one dialog offers a login in a window, and the form is sent',
  async (t) => {
    const context = await openChromium(t)
    const page = await openAs(context, portal, 'Jane Doe', '/notes')
    await page.getByLabel('Note').fill('half')
    await revokeSession(portal, context)
    await forgetAtLoginService(context)

    await saveNote(page, 'half and whole')
    await page.getByText('Your session is over').waitFor({ timeout })
    t.equal(await page.getByRole('dialog').count(), 1)
    const popup = await openLoginWindow(page)
    await popup.getByRole('button', { name: 'Jane Doe' }).waitFor({ timeout })
    t.equal(await popup.evaluate('window.opener'), null, 'the login service cannot reach the portal’s page')
    const closed = popup.waitForEvent('close', { timeout })
    await signIn(popup, 'Jane Doe')
    await closed
    await page.getByText('Saved “half and whole”').waitFor({ timeout })
    t.equal(await page.getByLabel('Note').inputValue(), 'half and whole')
    await untilNoDialog(page)
  },
)

t.test('an expired session causes one refresh and one dialog, and no further calls until a login', async (t) => {
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.clock.install()
  await page.goto(portal.url)
  await signIn(page, 'Jane Doe')
  await page.getByText('build-farm').first().waitFor({ timeout })
  await revokeSession(portal, context)
  const refusals = collectRefusals(page)
  // Backstage's token has to be renewed now; every call needs it.
  await page.clock.fastForward('58:00')
  const visit = (path: string) =>
    page.evaluate(`history.pushState(null, '', '${path}'); dispatchEvent(new PopStateEvent('popstate'))`)

  for (const path of ['/notes', '/catalog', '/settings', '/catalog/default/component/checkout']) await visit(path)
  await page.getByText('Your session is over').waitFor({ timeout })
  for (const path of ['/catalog', '/settings', '/catalog/default/component/storefront']) await visit(path)
  await visit('/catalog')
  t.equal(await page.getByRole('dialog').count(), 1)
  t.equal(refusals.filter((path) => path.endsWith('/refresh')).length <= 1, true, refusals.join(' '))
  t.equal(refusals.length <= 4, true, refusals.join(' '))

  await openLoginWindow(page)
  await page.getByText('log-store').first().waitFor({ timeout })
  await untilNoDialog(page)
  t.pass('a login that the login service remembers needs one click')
})

t.test('a person who declines the login keeps the page, and calls fail without being sent', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/notes')
  await revokeSession(portal, context)
  const refusals = collectRefusals(page)
  await saveNote(page, 'for later')
  await page.getByRole('button', { name: 'Not now' }).click({ timeout })
  await page.getByText('Not saved').waitFor({ timeout })
  const before = refusals.length
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Not saved: Your session is over').waitFor({ timeout })
  t.equal(refusals.length, before)

  await page.getByTestId('stagedoor-notice-bar').getByRole('button', { name: 'Sign in again' }).click()
  await page.getByTestId('stagedoor-notice-bar').waitFor({ state: 'detached', timeout })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved “for later”').waitFor({ timeout })
})

t.test('a login as a different person reloads the page, and nothing is sent in their name', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/notes')
  const sent: string[] = []
  await revokeSession(portal, context)
  await forgetAtLoginService(context)
  await saveNote(page, 'by Jane')
  page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`))
  await signIn(await openLoginWindow(page), 'Max Muster')
  await page.getByText('You are signed in as Max Muster now').waitFor({ timeout })
  await page.getByRole('button', { name: 'Continue as Max Muster' }).click()
  await untilShownAs(page, 'Max Muster')
  t.equal(sent.includes('POST /api/demo/notes'), false, sent.join('\n'))
})

t.test('if the browser blocks the window, the page says so, and a login on the page returns to it', async (t) => {
  const context = await openChromium(t)
  await context.addInitScript('window.open = () => null')
  const page = await openAs(context, portal, 'Jane Doe', '/notes?draft=1')
  await revokeSession(portal, context)
  await saveNote(page, 'x')
  await page.getByRole('button', { name: 'Sign in again' }).click({ timeout })
  await page.getByRole('alert').getByText('Allow pop-ups for this site').waitFor({ timeout })
  await page.getByRole('button', { name: 'Sign in on this page' }).click()
  await page.waitForURL(`${portal.url}/notes?draft=1`, { timeout })
  await untilShownAs(page, 'Jane Doe')
})

t.test('a page whose login does not help stops redirecting and says why', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe')
  let refreshes = 0
  await page.route('**/api/auth/stagedoor/refresh', async (route) => {
    refreshes += 1
    const body = JSON.stringify({ code: 'STAGEDOOR_POLICY_UNAUTHENTICATED', status: 401 })
    await route.fulfill({ status: 401, contentType: 'application/problem+json', body })
  })
  await page.reload()
  await page.getByText('Signing in was tried several times').waitFor({ timeout })
  t.equal(refreshes, 4)
})
