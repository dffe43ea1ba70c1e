import type { ServerResponse } from 'node:http'

import t from 'tap'

import { connectRaw, readUntil, startGateway, startOrigin } from '../proxy/support.ts'

/** More than is written as text together with the head. */
const bodyBytes = 30_000

/**
 * All reads from upstreams share one buffer, which the next read overwrites. An answer that waits for its turn needs
 * its own memory, even for its last bytes.
 */
t.test('an answer that waits behind a slower one is not mixed with answers to other clients', async (t) => {
  const slow = Promise.withResolvers<ServerResponse>()
  const quick = Promise.withResolvers<void>()
  const origin = await startOrigin(t, (request, response) => {
    const name = request.url?.slice(1) ?? ''
    if (name === 'slow') return slow.resolve(response)
    response.on('close', quick.resolve)
    response.end(name.repeat(bodyBytes))
  })
  const { port, url } = await startGateway(t, { upstream: { url: origin.url } })
  const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`
  // RFC 9112 §9.3.2: answers to pipelined requests come in the order of the requests.
  const client = connectRaw(t, port, head('/slow') + head('/b', 'Connection: close\r\n'))
  const held = await slow.promise
  await quick.promise
  for (let i = 0; i < 5; i += 1) t.equal(await (await fetch(`${url}/c`)).text(), 'c'.repeat(bodyBytes))
  held.end('slow')
  const received = await readUntil(client, undefined)
  t.ok(/slow[^]*\r\n\r\nb{30000}$/.test(received), 'whole, and its own')
})
