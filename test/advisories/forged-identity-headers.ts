import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

/** Spellings that servers behind a gateway read as a header that only the gateway may set. */
const spellings: [ids: string, name: string][] = [
  ['CVE-2025-64484', 'X_Forwarded_Email'],
  ['CVE-2025-64484', 'X-Forwarded_Email'],
  ['CVE-2026-30851', 'X-Forwarded-User'],
  ['CVE-2026-30851', 'X-Auth-Request-Groups'],
  ['CVE-2026-52845', 'X_Auth_Request_Groups'],
  ['CVE-2026-39858', 'X_Forwarded_Proto'],
  ['CVE-2026-39858', 'x_forwarded_for'],
  ['CVE-2026-33433', 'x-forwarded-USER'],
  ['CVE-2026-54763', 'X_Forwarded_User'],
  ['CVE-2026-88011', 'X.Forwarded.User'],
  ['CVE-2026-88011', 'X-Stagedoor.Assertion'],
  ['CVE-2026-88011', 'X.Stagedoor.Assertion'],
  ['CVE-2026-88011', "X'Stagedoor~Assertion"],
  ['CVE-2026-35051', 'X-Forwarded-Prefix'],
  ['CVE-2026-54764', 'X-Forwarded-Port'],
  ['CVE-2024-21494', 'X-Forwarded-For'],
  ['CVE-2024-21499', 'X-Forwarded-Proto'],
  ['CVE-2026-3635', 'X-Forwarded-Host'],
  ['CVE-2023-50463', 'X-Forwarded-For'],
  ['CVE-2026-46415', 'X-Real-IP'],
]

for (const headers of [['assertion'], ['assertion', 'oauth2-proxy']]) {
  t.test(`identity headers of a client never reach the upstream (headers: ${headers.join(', ')})`, async (t) => {
    const stack = await startStack(t, { config: { assertion: { headers } } })
    const { browser } = await stack.signIn()
    const cookie = `Cookie: stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}`
    for (const [ids, name] of spellings) {
      for (const credential of [cookie, 'X-Nothing: x']) {
        const path = credential === cookie ? '/' : '/public/x'
        const answer = await exchange(
          stack.url,
          `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${credential}\r\n${name}: forged\r\n\r\n`,
        )
        t.match(answer, /^HTTP\/1.1 200/, `${ids}: ${name}`)
        t.notMatch(answer, /forged/, `${ids}: ${name}`)
      }
    }
  })
}

t.test('a trailer is no header (CVE-2026-88004)', async (t) => {
  const stack = await startStack(t)
  const answer = await exchange(
    stack.url,
    'POST /public/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Forwarded-User\r\n\r\n0\r\nX-Forwarded-User: forged\r\n\r\n',
  )
  t.match(answer, /^HTTP\/1.1 200/)
  t.notMatch(answer, /forged/)
})
