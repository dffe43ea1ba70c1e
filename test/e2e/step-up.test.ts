import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { openAs, openLoginWindow, timeout, untilNoDialog } from './people.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)
const routes = [
  { name: 'notes', path: '/api/demo/notes', allow: { mfa: { within: '15m' } } },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]
const portal = await startPortal(t, { config: { routes } })

t.test('a call that needs a second factor opens a window for it, and is then sent', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/notes')
  await page.getByLabel('Note').fill('with care')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Confirm that it is you').waitFor({ timeout })
  const popup = await openLoginWindow(page, 'Continue')
  await popup.getByLabel(/code/i).fill('123456', { timeout })
  const closed = popup.waitForEvent('close', { timeout })
  await popup.getByRole('button', { name: 'Continue' }).click()
  await closed
  await page.getByText('Saved “with care”').waitFor({ timeout })
  await untilNoDialog(page)
})

t.test('a person who cancels the second factor gets the refusal, and can use everything else', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/notes')
  await page.getByLabel('Note').fill('rather not')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Cancel' }).click({ timeout })
  await page.getByText('Not saved: 401').waitFor({ timeout })
  await page.locator('nav').getByText('Catalog').click()
  await page.getByText('build-farm').first().waitFor({ timeout })
  await untilNoDialog(page)
})

t.test('a person is warned before the session ends, and a new login removes the warning', async (t) => {
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.clock.install()
  await page.goto(`${portal.url}/notes`)
  await page.getByRole('button', { name: 'Jane Doe' }).click({ timeout })
  await page.getByLabel('Note').fill('kept', { timeout })
  const bar = page.getByTestId('stagedoor-notice-bar')
  t.equal(await bar.count(), 0)
  await page.clock.fastForward('11:56:00')
  await bar.getByText('Your session ends at').waitFor({ timeout })
  await bar.getByRole('button', { name: 'Sign in again' }).click()
  await bar.waitFor({ state: 'detached', timeout })
  t.equal(await page.getByLabel('Note').inputValue(), 'kept')
})
