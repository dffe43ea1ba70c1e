import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const named: [ids: string, connection: string][] = [
  ['CVE-2024-45410', 'X-Forwarded-For, X-Forwarded-Host, X-Stagedoor-Assertion'],
  ['CVE-2026-29054', 'x-forwarded-for, x-forwarded-host, x-stagedoor-assertion'],
  ['GHSA-gwhp-pf74-vj37', 'X-Stagedoor-Assertion, X-Forwarded-Proto, X-Request-Id'],
  ['CVE-2021-32813', 'close, X-Stagedoor-Assertion, X-Forwarded-For, X-Forwarded-Host'],
]

t.test('a Connection header removes no header of the gateway', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const cookie = browser.cookiesOf(stack.url).get('stagedoor')
  for (const [ids, connection] of named) {
    const answer = await exchange(
      stack.url,
      `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: stagedoor=${cookie}\r\nConnection: ${connection}\r\n\r\n`,
    )
    for (const kept of ['x-stagedoor-assertion":"eyJ', 'x-forwarded-for":"127.0.0.1', 'x-forwarded-host":"localhost'])
      t.match(answer, kept, ids)
  }
})
