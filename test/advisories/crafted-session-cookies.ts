import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const cookies: [ids: string, cookie: string][] = [
  ['CVE-2026-55149', 'stagedoor.0of10000000000=x'],
  ['CVE-2026-55149', 'stagedoor.10000000000=x; stagedoor.0=x'],
  ['CVE-2026-55149', 'stagedoor.-1=x'],
  ['CVE-2024-24814', 'mod_auth_openidc_session_chunks=99999999'],
  ['CVE-2024-24814', 'stagedoor.99999999=x; stagedoor.1=y'],
  ['CVE-2023-28625', '=;;=; ; stagedoor'],
  ['CVE-2023-28625', 'stagedoor=; stagedoor.0=; stagedoor.1'],
  ['CVE-2026-54789', 'stagedoor-tx.'],
  ['CVE-2026-54789', 'stagedoor-tx.x; stagedoor-tx'],
  ['CVE-2024-21493', 'stagedoor=a.b.c.d.e.f'],
  ['CVE-2024-21493', 'stagedoor=....'],
]

t.test(
  'a session cookie in more parts than the gateway writes is invalid (CVE-2024-24814, CVE-2026-55149)',
  async (t) => {
    const stack = await startStack(t)
    const { browser } = await stack.signIn()
    const value = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
    for (const [parts, expected] of [
      [2, 200],
      [3, 200],
      [4, 401],
      [50, 401],
    ] as const) {
      const length = Math.ceil(value.length / parts)
      const cookie = Array.from(
        { length: parts },
        (_, i) => `stagedoor.${i}=${value.slice(i * length, (i + 1) * length)}`,
      )
      const lines = `Host: localhost\r\nConnection: close\r\nCookie: ${cookie.join('; ')}\r\n`
      const answer = await exchange(stack.url, `GET /x HTTP/1.1\r\n${lines}\r\n`)
      t.match(answer, new RegExp(`^HTTP/1.1 ${expected} `), `${parts} parts`)
    }
  },
)

t.test('a forged cookie gives no session and costs no more work than a genuine one', async (t) => {
  const stack = await startStack(t)
  for (const [ids, cookie] of cookies) {
    for (const path of ['/', '/.stagedoor/callback?code=x&state=y']) {
      const answer = await exchange(stack.url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`)
      t.match(answer, /^HTTP\/1.1 40[01]/, `${ids}: ${cookie}`)
    }
  }
})
