import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { openAs, timeout } from './people.ts'
import { startPortal } from './portal.ts'

const portal = await startPortal(t)

t.test('a page shows a part only to people with the role, and a replacement to others', async (t) => {
  const jane = await openAs(await openChromium(t), portal, 'Jane Doe', '/notes')
  await jane.getByText('Notes are kept until Backstage restarts.').waitFor({ timeout })
  t.equal(await jane.getByText('Platform admins see more here.').count(), 0)

  const max = await openAs(await openChromium(t), portal, 'Max Muster', '/notes')
  await max.getByText('Platform admins see more here.').waitFor({ timeout })
  t.equal(await max.getByText('Notes are kept').count(), 0)
})

t.test('the settings have text labels, and one entry of the sidebar leads there', async (t) => {
  const page = await openAs(await openChromium(t), portal, 'Jane Doe', '/settings/session')
  for (const label of ['E-mail', 'Ends at the latest', 'User ID']) {
    await page.getByText(label, { exact: true }).waitFor({ timeout })
  }
  const links = page.getByRole('navigation', { name: 'sidebar nav' }).locator('a[href^="/settings"]')
  t.same(await links.allInnerTexts(), ['Jane Doe'])
})

t.test("Backstage's pages may show profile pictures of other origins", async (t) => {
  const { browser } = await portal.signIn()
  const { headers } = await browser.open(portal.url)
  t.match(headers.get('content-security-policy'), /img-src 'self' data: https:/)
})
