import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:http2'

import t from 'tap'

import { ask, connectHttp2, startTlsGateway } from '../listener/support.ts'
import { startGateway, startRawOrigin } from '../proxy/support.ts'

const hints: [links: string, passed: string | undefined][] = [
  ['</a,b.css>; rel=preload, </c.js>; rel=preload', '</a,b.css>; rel=preload, </c.js>; rel=preload'],
  ['</a.css>; rel=preload; title="two words"', undefined],
  ['no link', undefined],
]

for (const [links, passed] of hints) {
  t.test(`early hints with ${links} do not break the answer`, async (t) => {
    const origin = await startRawOrigin(t, (_head, socket) => {
      socket.write(`HTTP/1.1 103 Early Hints\r\nlink: ${links}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`)
    })
    const { port } = await startGateway(t, { upstream: { url: origin.url } })
    const request = get({ port, host: '127.0.0.1' })
    let received: unknown
    request.on('information', ({ headers }) => (received = headers['link']))
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.resume()
    t.same([answer.statusCode, received], [200, passed])
  })
}

t.test('a repeated field of an upstream is forwarded over HTTP/2', async (t) => {
  const twice = ['x-content-type-options', 'nosniff', 'x-content-type-options', 'nosniff']
  const gateway = await startTlsGateway(t, (_request, response) => void response.writeHead(200, twice).end('ok'))
  const answer = await ask(connectHttp2(t, gateway), { ':path': '/public/x' })
  t.match(answer, { headers: { ':status': 200, 'x-content-type-options': 'nosniff' }, text: 'ok' })
})

t.test('an answer without content is forwarded over HTTP/2 without its Content-Length', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) => {
    response.writeHead(204, { 'content-length': 3 }).end()
  })
  const answer = await ask(connectHttp2(t, gateway), { ':path': '/public/x' })
  t.match(answer, { headers: { ':status': 204, 'content-length': undefined }, resetCode: 0 })
})

t.test('an invalid status of the upstream gives a 502', async (t) => {
  const gateway = await startTlsGateway(t, (_request, response) => void response.writeHead(999).end('ok'))
  const answer = await ask(connectHttp2(t, gateway), { ':path': '/public/x' })
  t.match(answer, { headers: { ':status': 502 }, text: /STAGEDOOR_PROXY_BAD_RESPONSE/ })
})

t.test('a response head of 64 KiB, the default limit, is forwarded over HTTP/2', async (t) => {
  const fields = Array.from({ length: 64 }, (_, i) => [`x-${i}`, 'v'.repeat(1_014)]).flat()
  const gateway = await startTlsGateway(t, (_request, response) => void response.writeHead(200, fields).end('ok'))
  const session = connect(gateway.url, { rejectUnauthorized: false, settings: { maxHeaderListSize: 200_000 } })
  t.teardown(() => session.destroy())
  const answer = await ask(session, { ':path': '/public/x' })
  t.match(answer, { headers: { ':status': 200, 'x-63': /^v+$/ }, text: 'ok', resetCode: 0 })
})
