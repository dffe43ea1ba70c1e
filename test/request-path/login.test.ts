import t from 'tap'

import { startHouse } from '../support/house.ts'

t.test('a page without a session leads through login and back to that page, with a signed identity', async (t) => {
  const house = await startHouse(t)
  const { browser, page } = await house.signIn('jane@example.com', undefined, '/catalog?filters=a%20b')
  t.equal(page.status, 200)
  t.equal(page.url, `${house.url}/catalog?filters=a%20b`)
  const { headers, url } = JSON.parse(page.text)
  t.equal(url, '/catalog?filters=a%20b')
  t.match(headers['x-stagedoor-assertion'], /^eyJ/)
  t.notMatch(headers.cookie ?? '', /stagedoor/)
  t.same([...browser.cookiesOf(house.url).keys()], ['stagedoor'])
})
