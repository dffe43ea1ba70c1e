import { METHODS, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import t from 'tap'

import { ask, connectHttp2, startTlsGateway } from '../listener/support.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const refused = ['TRACE', 'CONNECT']
const forwarded = METHODS.filter((method) => !refused.includes(method))

/** Echoes the body, and the method in a header, since the answer to a HEAD has no body. */
const upstream: RequestListener = (request, response) => {
  response.writeHead(200, { 'x-method': request.method ?? '' })
  request.pipe(response)
}

t.test('every method that rules can name reaches the upstream with its body, over HTTP/1 and HTTP/2', async (t) => {
  const gateway = await startTlsGateway(t, upstream)
  const stack = await startStack(t, { upstream })
  const session = connectHttp2(t, gateway)
  const type = { ':path': '/public/x', 'content-type': 'text/plain' }
  for (const method of forwarded) {
    const body = method === 'GET' || method === 'HEAD' ? '' : 'something'
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
    const head = `${method} /public/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\n${length}\r\n`
    const answer = await exchange(stack.url, head + body)
    t.match(answer, new RegExp(`^HTTP/1\\.1 200 [^]*x-method: ${method}\r\n[^]*\r\n\r\n[^]*${body}`, 'i'), method)
    const second = await ask(session, { ...type, ':method': method }, body === '' ? undefined : body)
    t.same([second.headers[':status'], second.headers['x-method'], second.text], [200, method, body], method)
  }
})

t.test('a rule can name each forwarded method, and no other', async (t) => {
  const rule = (methods: string[]) => ({
    routes: [{ name: 'some', path: '/**', methods, allow: 'public', upstream: 'backstage' }],
  })
  const stack = await startStack(t, { upstream, config: rule(['PROPFIND', 'M-SEARCH']) })
  t.equal((await fetch(`${stack.url}/x`, { method: 'PROPFIND' })).status, 200)
  t.equal((await fetch(`${stack.url}/x`, { method: 'REPORT' })).status, 403)
  for (const method of [...refused, 'BREW', 'get']) await t.rejects(startStack(t, { config: rule([method]) }), method)
})

t.test('TRACE, CONNECT and unknown methods are refused', async (t) => {
  const stack = await startStack(t, { upstream })
  for (const line of [
    'TRACE /public/x',
    'CONNECT localhost:443',
    'CONNECT /public/x',
    'BREW /public/x',
    'propfind /public/x',
  ]) {
    const answer = await readToEnd(stack.url, `${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 405 [^]*STAGEDOOR_BOUNDARY_METHOD_NOT_ALLOWED/, line)
    t.match(answer, /\r\nallow: (?!.*\b(?:TRACE|CONNECT)\b).*\bGET\b.*\bPROPFIND\b/i, line)
  }
  t.same(stack.origin.seen, [])
})

t.test('an upgrade request with TRACE, CONNECT or an unknown method is refused', async (t) => {
  const stack = await startStack(t, { upstream })
  for (const method of refused) {
    const head = `${method} /public/x HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`
    t.match(await readToEnd(stack.url, head), /^HTTP\/1\.1 405 /, method)
  }
  t.same(stack.origin.seen, [])
})

t.test('TRACE, CONNECT and unknown methods are refused over HTTP/2', async (t) => {
  const gateway = await startTlsGateway(t, upstream)
  for (const method of [...refused, 'BREW', 'propfind']) {
    const where = method === 'CONNECT' ? { ':authority': 'localhost:443' } : { ':path': '/public/x' }
    const { headers } = await ask(connectHttp2(t, gateway), { ':method': method, ...where })
    t.equal(headers[':status'], 405, method)
    t.match(headers.allow, /\bPROPFIND\b/, method)
    t.notMatch(headers.allow, /TRACE|CONNECT/, method)
  }
  t.same(gateway.origin.seen, [])
})

t.test('a forward-auth request about one of these methods is refused', async (t) => {
  const stack = await startStack(t, { config: { server: { trustedProxies: ['127.0.0.1/32'] } } })
  for (const method of refused) {
    const headers = { 'x-forwarded-method': method, 'x-forwarded-uri': '/public/x' }
    t.equal((await fetch(`${stack.url}/.stagedoor/auth`, { headers })).status, 403, method)
  }
})

t.test('a request to our endpoints with an unusual method never reaches the upstream', async (t) => {
  const stack = await startStack(t, { upstream })
  t.equal((await fetch(`${stack.url}/.stagedoor/x`, { method: 'PROPFIND' })).status, 404)
  t.same(stack.origin.seen, [])
})

/** Reads until the gateway closes the connection. */
async function readToEnd(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}
