import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { openAs, signIn, timeout, untilShownAs } from './people.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)
const portal = await startPortal(t)

t.test('signing out ends the sessions of Backstage, Stagedoor and Auth0, in other tabs, too', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe')
  const other = await context.newPage()
  await other.goto(`${portal.url}/notes`)
  await untilShownAs(other, 'Jane Doe')

  await page.getByText('Sign out').click()
  await page.getByText('You are signed out').waitFor({ timeout })
  await other.getByText('You signed out in another tab').waitFor({ timeout })
  t.equal((await context.request.get(`${portal.url}/.stagedoor/me`)).status(), 401, 'Stagedoor')
  t.equal((await context.request.get(`${portal.url}/api/auth/stagedoor/refresh`)).status(), 401, 'Backstage')
  await page.goto(portal.url)
  await signIn(page, 'Max Muster')
  await untilShownAs(page, 'Max Muster')
  t.pass('Auth0 asks anew')
})

t.test('the settings show the signed-in person with roles, groups and the end of the session', async (t) => {
  const context = await openChromium(t)
  const page = await openAs(context, portal, 'Jane Doe', '/settings/session')
  const card = page.getByText('Ends at the latest').first()
  await card.waitFor({ timeout })
  const text = (await page.textContent('body')) ?? ''
  for (const part of ['jane@example.com', 'auth0|64f1c0ffee0000000000a001', 'platform-admin']) t.match(text, part)
})

t.test('a person unknown to the catalog sees the remedy, and can sign out', async (t) => {
  const context = await openChromium(t)
  const page = await context.newPage()
  await page.goto(portal.url)
  await signIn(page, 'Eve Unverified')
  await page.getByText('Backstage does not know you yet').waitFor({ timeout })
  t.match(await page.textContent('body'), /Ask the administrators.*auth0\.com\/user-id: auth0\|/)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You are signed out').waitFor({ timeout })
})
