import t from 'tap'

import { startStack } from '../support/stack.ts'

t.test('an endless answer of the login service is cut off (CVE-2026-26998)', async (t) => {
  let sent = 0
  const endless: typeof fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
    if (!url.endsWith('/oauth/token')) return fetch(input, init)
    const body = new ReadableStream({
      pull(controller) {
        sent += 65_536
        // A client that reads it completely would read forever, so the test ends it after 64 MiB.
        if (sent > 64 * 1_048_576) controller.close()
        else controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/json' } })
  }
  const stack = await startStack(t, { fetch: endless })
  const { page } = await stack.signIn()
  t.equal(page.status, 502)
  t.ok(sent < 16 * 1_048_576, `${sent} bytes were read`)
})
