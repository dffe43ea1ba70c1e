import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startOrigin } from '../support/origin.ts'
import { startStack } from '../support/stack.ts'

t.test('headers do not change the address to which the login service returns people (CVE-2024-21499)', async (t) => {
  const stack = await startStack(t)
  for (const headers of [
    { 'x-forwarded-proto': 'javascript' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    { forwarded: 'host=evil.example;proto=https' },
    { 'x-forwarded-port': '1' },
    { host: 'evil.example' },
  ]) {
    const { location = '' } = await createBrowser().step(`${stack.url}/.stagedoor/login`, { headers })
    t.equal(new URL(location).searchParams.get('redirect_uri'), `${stack.url}/.stagedoor/callback`)
    t.notMatch(location, /evil|javascript/)
  }
})

t.test('a link cannot choose the server that a login contacts (CVE-2024-21498)', async (t) => {
  const stack = await startStack(t)
  const stranger = await startOrigin(t)
  for (const name of ['iss', 'url', 'issuer']) {
    const query = `${name}=${encodeURIComponent(`${stranger.url}/`)}`
    await createBrowser().step(`${stack.url}/.stagedoor/login?${query}`)
    await createBrowser().step(`${stack.url}/.stagedoor/callback?code=a&state=b&${query}`)
  }
  t.same(
    stranger.seen.map(({ url }) => url),
    [],
  )
})
