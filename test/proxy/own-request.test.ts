import { once } from 'node:events'

import t, { type Test } from 'tap'

import { sendOwnRequest } from '../../src/proxy/own-request.ts'
import { createUpstream } from '../../src/proxy/upstream-connections.ts'
import { startOrigin } from '../support/origin.ts'
import { upstreamWith } from '../support/upstream-options.ts'

const question = { path: '/x', headers: ['Host', 'portal.example.com'], timeoutMs: 60_000 }

async function openUpstream(t: Test, urls: string[]) {
  const upstream = createUpstream(upstreamWith({ urls, maxConnections: 1, maxWaiting: 0 }))
  t.teardown(() => upstream.close())
  return upstream
}

t.test('a request of our own takes a place under the limit, and frees it', async (t) => {
  const answers = new EventTarget()
  const origin = await startOrigin(t, (_request, response) => {
    answers.addEventListener('go', () => response.end('x'), { once: true })
    answers.dispatchEvent(new Event('asked'))
  })
  const upstream = await openUpstream(t, [origin.url])
  const asked = once(answers, 'asked')
  const first = sendOwnRequest(upstream, question)
  await asked
  await t.rejects(sendOwnRequest(upstream, question), { message: 'too many requests are under way' })
  answers.dispatchEvent(new Event('go'))
  t.equal(await first, 200)
  t.equal(upstream.requests.admission.active, 0)
  t.match(origin.seen[0]?.headers, { host: 'portal.example.com' })
})

t.test('a request of our own that gets no answer in time fails, and frees its place', async (t) => {
  const origin = await startOrigin(t, () => undefined)
  const upstream = await openUpstream(t, [origin.url])
  await t.rejects(sendOwnRequest(upstream, { ...question, timeoutMs: 50 }), { name: 'TimeoutError' })
  t.equal(upstream.requests.admission.active, 0)
})
