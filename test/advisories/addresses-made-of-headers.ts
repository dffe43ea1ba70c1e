import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startHouse } from '../support/house.ts'

t.test(
  'the address that the login service sends people back to is ours, whatever headers say (CVE-2024-21499)',
  async (t) => {
    const house = await startHouse(t)
    for (const headers of [
      { 'x-forwarded-proto': 'javascript' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      { forwarded: 'host=evil.example;proto=https' },
      { 'x-forwarded-port': '1' },
    ]) {
      const { location = '' } = await createBrowser().step(`${house.url}/.stagedoor/login`, { headers })
      t.equal(new URL(location).searchParams.get('redirect_uri'), `${house.url}/.stagedoor/callback`)
      t.notMatch(location, /evil|javascript/)
    }
  },
)

t.test('a link cannot name the server that is asked (CVE-2024-21498)', async (t) => {
  const asked: string[] = []
  const watching: typeof fetch = (input, init) => {
    asked.push(new URL(input instanceof Request ? input.url : input).origin)
    return fetch(input, init)
  }
  const house = await startHouse(t, { fetch: watching })
  for (const query of ['iss=http://127.0.0.1:1/', 'url=http://127.0.0.1:1/', 'issuer=http://127.0.0.1:1/']) {
    await createBrowser().step(`${house.url}/.stagedoor/login?${query}`)
    await createBrowser().step(`${house.url}/.stagedoor/callback?code=a&state=b&${query}`)
  }
  const own = new URL(house.auth0.issuer).origin
  t.same(
    asked.filter((origin) => origin !== own),
    [],
  )
})
