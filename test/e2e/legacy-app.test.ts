import type { BrowserContext } from 'playwright-core'
import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { openLoginWindow, revokeSession, signIn, timeout, untilNoDialog } from './people.ts'
import { type Portal, startPortal } from './portal.ts'

t.setTimeout(600_000)

/** Backstage's pages with the app of the old frontend system in place of the new one. */
async function loadLegacyApp(context: BrowserContext, portal: Portal): Promise<void> {
  await context.route(`${portal.url}/notes`, async (route) => {
    const response = await route.fetch({ maxRedirects: 0 })
    const body = (await response.text()).replace(/\/static\/index-[\w-]+\.js/, '/static/legacy.js')
    await route.fulfill({ response, body })
  })
}

t.test('in a legacy app, too, a session that ends needs one login in a window and loses no form', async (t) => {
  const portal = await startPortal(t)
  const context = await openChromium(t)
  await loadLegacyApp(context, portal)
  const page = await context.newPage()
  await page.goto(portal.url)
  await signIn(page, 'Jane Doe')
  await page.getByText('build-farm').first().waitFor({ timeout })
  await page.goto(`${portal.url}/notes`)
  await page.getByLabel('Note').fill('of old', { timeout })
  t.equal(await page.locator('nav').count(), 0, 'this is the other app')

  await revokeSession(portal, context)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Your session is over').waitFor({ timeout })
  await openLoginWindow(page)
  await page.getByText('Saved “of old”').waitFor({ timeout })
  await untilNoDialog(page)
})
