import { mock } from 'node:test'

import t from 'tap'

import { pullOnce } from '../../src/auth0-events/event-stream.ts'

t.test('every sign of life restarts the timeout of a silent connection', async (t) => {
  // The mock timers of node:test have no `refresh`.
  const refresh = mock.fn()
  let onSilence: () => void = () => t.fail('no timer')
  const timeout = mock.method(globalThis, 'setTimeout', (fire: () => void) => {
    onSilence = fire
    return { refresh }
  })
  t.teardown(() => timeout.mock.restore())
  const { readable, writable } = new TransformStream<Uint8Array>()
  const writer = writable.getWriter()
  let heard = Promise.withResolvers<string>()
  const end = pullOnce({
    issuer: 'https://example.eu.auth0.com/',
    token: 'token',
    position: { kind: 'now' },
    types: ['user.deleted'],
    fetch: async (_url, { signal }) => {
      signal?.addEventListener('abort', () => void writer.abort(signal.reason).catch(() => undefined))
      return new Response(readable)
    },
    take: async () => 'revoked',
    onOffset: async (offset) => heard.resolve(offset),
    silenceMs: 1_000,
    signal: new AbortController().signal,
  })

  for (const [i, offset] of ['a', 'b', 'c'].entries()) {
    heard = Promise.withResolvers()
    await writer.write(new TextEncoder().encode(`event: offset-only\ndata: {"offset":"${offset}"}\n\n`))
    t.equal(await heard.promise, offset)
    t.equal(refresh.mock.callCount(), i + 1)
  }

  onSilence()
  t.same(await end, { kind: 'failed', detail: 'nothing came for 1000 ms' })
})

t.test(
  'the wait before the next request is at most an hour: a timer of more than 24 days would fire at once',
  async (t) => {
    for (const [said, expected] of [
      ['30', 30_000],
      ['9999999', 3_600_000],
      ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
    ] as const) {
      const end = await pullOnce({
        issuer: 'https://example.eu.auth0.com/',
        token: 'token',
        position: { kind: 'now' },
        types: [],
        fetch: async () => new Response(null, { status: 429, headers: { 'retry-after': said } }),
        take: async () => 'ignored',
        onOffset: async () => undefined,
        silenceMs: 60_000,
        signal: new AbortController().signal,
      })
      t.match(end, { kind: 'limited', retryAfterMs: expected }, said)
    }
  },
)
