import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { timeout } from './people.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)
const routes = [
  { name: 'api', path: '/api/**', allow: { mfa: { within: '15m' } } },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]
const portal = await startPortal(t, { config: { routes } })

t.test('a page whose sign-in needs a second factor goes to ask for it, and then opens', async (t) => {
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.goto(`${portal.url}/notes`)
  await page.getByRole('button', { name: 'Jane Doe' }).click({ timeout })
  await page.getByLabel(/code/i).fill('123456', { timeout })
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Note').waitFor({ timeout })
})
