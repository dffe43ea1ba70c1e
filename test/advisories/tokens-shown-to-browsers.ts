import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

t.test('no page or document contains a token (CVE-2024-39315)', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  for (const path of ['/.stagedoor/', '/.stagedoor/me']) {
    const page = await browser.step(stack.url + path, { headers: { accept: 'text/html,application/json' } })
    t.notMatch(page.text, /access_token|id_token|refresh_token|eyJ[\w-]{20,}\.eyJ/, path)
  }
})

t.test('endpoints for operators are not on the public listener (CVE-2022-24797, CVE-2018-15598)', async (t) => {
  const stack = await startStack(t)
  for (const path of ['/metrics', '/log-level', '/debug/pprof/', '/debug/vars', '/healthz', '/.stagedoor/metrics']) {
    const answer = await exchange(stack.url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    t.match(answer, /^HTTP\/1.1 40[14]/, path)
  }
})

t.test('the log contains no credentials, even at level trace (CVE-2022-23469)', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const secret = 'very-secret-token'
  await browser.fetch(`${stack.url}/x?access_token=${secret}`, { headers: { authorization: `Bearer ${secret}` } })
  const cookie = browser.cookiesOf(stack.url).get('stagedoor') ?? 'none'
  const log = JSON.stringify(stack.logged)
  t.notMatch(log, secret)
  t.notOk(log.includes(cookie))
})
