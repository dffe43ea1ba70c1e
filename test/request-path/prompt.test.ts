import t from 'tap'

import { type House, startHouse } from '../support/house.ts'

/** The page that a person sees who has no session here, and one at the login service. */
async function pageOfReturning(house: House) {
  const { browser, page } = await house.signIn()
  t.equal(page.status, 200)
  browser.cookiesOf(house.url).clear()
  return browser.open(`${house.url}/`)
}

t.test('a session of the login service signs a person in silently, as single sign-on does', async (t) => {
  const house = await startHouse(t)
  t.match(await pageOfReturning(house), { status: 200, url: `${house.url}/` })
})

t.test('with auth0.prompt no session begins before the person has acted (OWASP ASVS 7.6.2)', async (t) => {
  const house = await startHouse(t, { config: { auth0: { prompt: 'login' } } })
  const page = await pageOfReturning(house)
  t.match(page.url, house.auth0.issuer)
  t.match(page.text, 'name="password"')
})

t.test('a link cannot choose another prompt', async (t) => {
  const house = await startHouse(t, { config: { auth0: { prompt: 'select_account' } } })
  const { browser } = await house.signIn()
  const login = await browser.step(`${house.url}/.stagedoor/login?return_to=/a&prompt=none`)
  t.equal(new URL(login.location ?? '').searchParams.get('prompt'), 'select_account')
})
