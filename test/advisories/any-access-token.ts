import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startHouse } from '../support/house.ts'

t.test('a token that nobody checked is no login (CVE-2022-29226)', async (t) => {
  const house = await startHouse(t)
  const tries: [path: string, headers: Record<string, string>][] = [
    ['/', { authorization: 'Bearer anything' }],
    ['/', { authorization: 'Bearer ' }],
    ['/', { authorization: 'Basic amFuZTpqYW5l' }],
    ['/?token=anything', {}],
    ['/?access_token=anything', {}],
    ['/', { cookie: 'BearerToken=anything; OauthHMAC=x; OauthExpires=99999999999' }],
    ['/', { cookie: 'stagedoor=anything' }],
  ]
  for (const [path, headers] of tries) {
    t.equal((await createBrowser().fetch(house.url + path, { headers })).status, 401, JSON.stringify([path, headers]))
  }
  t.equal(house.origin.seen.length, 0)
})
