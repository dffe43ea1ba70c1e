import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const queries: [ids: string, query: string][] = [
  ['CVE-2023-27496', ''],
  ['CVE-2023-27496', '?code=x'],
  ['CVE-2023-27496', '?state='],
  ['CVE-2023-27496', '?code=x&state=x&state=y'],
  ['CVE-2021-29652', '?code=x&state=signed-by-nobody'],
  ['CVE-2021-29652', '?pomerium_session=x&pomerium_signature=x'],
]

t.test('a callback without a login of this browser starts no session and does not end the process', async (t) => {
  const stack = await startStack(t)
  for (const [ids, query] of queries) {
    const browser = createBrowser()
    const page = await browser.step(`${stack.url}/.stagedoor/callback${query}`)
    t.equal(page.status, 400, `${ids}: ${query}`)
    t.notOk(browser.cookiesOf(stack.url).has('stagedoor'), ids)
  }
  t.equal((await createBrowser().fetch(`${stack.url}/.stagedoor/health/live`)).status, 200)
})

t.test('a caller without a session gets only a refusal, and the upstream gets no request', async (t) => {
  const stack = await startStack(t, { upstream: (_request, response) => response.end('what is protected') })
  const requests: [ids: string, request: string][] = [
    ['CVE-2025-31492', 'POST / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nContent-Length: 3\r\n\r\na=b'],
    [
      'CVE-2025-3891',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n',
    ],
    ['CVE-2022-29228', 'GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Mode: navigate\r\n\r\n'],
  ]
  for (const [ids, request] of requests) {
    const answer = await exchange(stack.url, request)
    t.match(answer, /^HTTP\/1.1 (?:302|401)/, ids)
    t.notMatch(answer, /what is protected/, ids)
  }
  t.equal(stack.origin.seen.length, 0)
})
