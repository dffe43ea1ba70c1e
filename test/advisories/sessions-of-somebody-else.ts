import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startHouse } from '../support/house.ts'

t.test('a login replaces the session that the browser had (CVE-2021-41246, CVE-2026-34454)', async (t) => {
  const house = await startHouse(t)
  const { browser } = await house.signIn('max@example.com')
  const planted = browser.cookiesOf(house.url).get('stagedoor') ?? ''
  const victim = createBrowser()
  victim.cookiesOf(house.url).set('stagedoor', planted)
  const login = await victim.open(`${house.url}/.stagedoor/login?return_to=/`)
  const page = await victim.submit(login.url, '/u/login', { username: 'jane@example.com', password: 'stagedoor' })
  t.equal(page.status, 200)
  const own = victim.cookiesOf(house.url).get('stagedoor')
  t.not(own, planted)
  t.match((await victim.fetch(`${house.url}/.stagedoor/me`)).text, 'jane@example.com')
  const attacker = createBrowser()
  attacker.cookiesOf(house.url).set('stagedoor', planted)
  const left = await attacker.fetch(`${house.url}/.stagedoor/me`)
  t.equal(left.status, 401, 'CVE-2026-34454: the session before it is over')
  t.notMatch(left.text, 'jane@example.com')
})
