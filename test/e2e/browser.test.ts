import t from 'tap'

import { openChromium } from '../support/chromium.ts'
import { signIn, timeout } from './people.ts'
import { startPortal } from './portal.ts'

t.test('a person signs in through Stagedoor and works in a real Backstage', async (t) => {
  const portal = await startPortal(t)
  const context = await openChromium(t)
  const page = await context.newPage()

  await page.goto(portal.url)
  t.match(page.url(), portal.auth0.issuer, 'the browser is sent to the login page')
  await signIn(page, 'Jane Doe')
  await page.getByText('build-farm').first().waitFor({ timeout })
  t.match(page.url(), portal.url, 'the catalog shows its components')
  await page.goto(`${portal.url}/settings`)
  await page.getByText('Jane Doe').first().waitFor({ timeout })
  t.pass('Backstage knows who it is')

  await page.goto(`${portal.url}/catalog/default/component/build-farm`)
  await page.reload()
  await page.getByRole('heading', { name: 'build-farm' }).first().waitFor({ timeout })
  t.pass('a reload stays where it was')

  await page.goto(`${portal.url}/.stagedoor/logout`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You are signed out').waitFor({ timeout })
  await page.goBack()
  await page.waitForLoadState()
  await page.goBack()
  await page.waitForLoadState()
  t.notMatch(await page.textContent('body'), /build-farm/, 'the back button shows nothing of Backstage')

  const deep = `${portal.url}/catalog/default/component/checkout?tab=x`
  await page.goto(deep)
  await signIn(page, 'Max Muster')
  await page.waitForURL(deep, { timeout })
  t.pass('a deep link is returned to after login, as the person who signed in now')
})
