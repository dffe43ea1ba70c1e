import type { RequestListener } from 'node:http'

import t from 'tap'

import { startOrigin } from '../support/origin.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

/** An upstream whose response head has about this many bytes. */
const upstreamWith = (headerBytes: number): RequestListener =>
  function answer(_request, response) {
    const fields = Array.from({ length: Math.ceil(headerBytes / 1_000) }, (_, i) => [`x-${i}`, 'v'.repeat(985)])
    response.writeHead(200, fields.flat()).end('ok')
  }

const request = 'GET /public/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

for (const kibibytes of [17, 40, 60]) {
  t.test(`an answer with ${kibibytes} KiB of headers is forwarded`, async (t) => {
    const stack = await startStack(t, { upstream: upstreamWith(kibibytes * 1_000) })
    const answer = await exchange(stack.url, request)
    t.match(answer, /^HTTP\/1\.1 200 /)
    t.equal(answer.match(/\r\nx-\d+: v{985}(?=\r)/g)?.length, kibibytes)
  })
}

t.test('an answer with headers over the default limit gives a 502 that names limit and option', async (t) => {
  const stack = await startStack(t, { upstream: upstreamWith(70_000) })
  const answer = await fetch(`${stack.url}/public/x`, { headers: { accept: 'application/json' } })
  const { code, detail } = (await answer.json()) as { code: string; detail: string }
  t.same([answer.status, code], [502, 'STAGEDOOR_PROXY_ANSWER_HEADERS_TOO_LARGE'])
  t.match(detail, 'upstreams.<name>.maxHeaderBytes')
  const line = stack.logged.find((entry) => entry['code'] === code)
  t.equal(line?.['detail'], 'upstreams.backstage.maxHeaderBytes is 65536 bytes')
})

for (const [limit, status] of [
  ['128KiB', 200],
  ['8KiB', 502],
] as const) {
  t.test(`upstreams.<name>.maxHeaderBytes sets the limit: ${limit}`, async (t) => {
    const bytes = limit === '128KiB' ? 100_000 : 10_000
    const upstreams = (url: string): object => ({ backstage: { url, maxHeaderBytes: limit } })
    const origin = await startOrigin(t, upstreamWith(bytes))
    const stack = await startStack(t, { upstreamUrl: origin.url, config: { upstreams: upstreams(origin.url) } })
    t.match(await exchange(stack.url, request), `HTTP/1.1 ${status} `)
  })
}
