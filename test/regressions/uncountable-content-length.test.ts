import t from 'tap'

import { connectHttp2, ask, startTlsGateway } from '../listener/support.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

/** Beyond 2^53-1 doubles skip integers: two programs can read the same digits as different numbers. */
const lengths = [
  '9007199254740992',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775813',
  '18446744073709551615',
  '18446744073709551616',
  '9'.repeat(20),
  '9'.repeat(400),
]

t.test('a Content-Length beyond 2^53-1 gets a 400, and nothing reaches the upstream', async (t) => {
  const stack = await startStack(t)
  for (const length of lengths) {
    const head = `Host: localhost\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
    const answer = await exchange(stack.url, `POST /public/x HTTP/1.1\r\n${head}part`)
    t.match(answer, /^HTTP\/1\.1 400 [^]*STAGEDOOR_BOUNDARY_MALFORMED_REQUEST/, length)
  }
  t.same(stack.origin.seen, [])
})

t.test('a Content-Length beyond 2^53-1 over HTTP/2 never reaches the upstream either', async (t) => {
  const gateway = await startTlsGateway(t)
  for (const length of lengths) {
    const head = { ':path': '/public/x', ':method': 'POST', 'content-length': length }
    const { headers, resetCode } = await ask(connectHttp2(t, gateway), head, 'part')
    t.ok(headers[':status'] === 400 || resetCode !== 0, `${length}: ${headers[':status']}, reset ${resetCode}`)
  }
  t.same(gateway.origin.seen, [])
})
