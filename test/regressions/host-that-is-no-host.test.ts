import t from 'tap'

import { readAuthority } from '../../src/boundary/authority.ts'
import { connectHttp2, startTlsGateway } from '../listener/support.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const hosts = [
  'localhost',
  'LOCALHOST:8080',
  'portal.example.com',
  'portal.example.com.',
  'xn--mnchen-3ya.example',
  'my_service:7007',
  'a',
  '192.0.2.7',
  '192.0.2.7:65535',
  '[::1]',
  '[2001:db8::7]:443',
  '[::ffff:192.0.2.7]',
]

const others = [
  'a@localhost',
  'user:password@localhost',
  'localhost,evil.test',
  'localhost, evil.test',
  'localhost/x',
  'localhost?x',
  'localhost#x',
  'localhost\\x',
  'a b',
  'http://localhost',
  '//localhost',
  'localhost:',
  'localhost:x',
  'localhost:0',
  'localhost:080',
  'localhost:65536',
  'localhost:8080:8080',
  ':8080',
  '.',
  '.localhost',
  'a..b',
  '-a.example',
  'a-.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(130)}example`,
  'loc%61lhost',
  'localhost%00',
  'localhost;x',
  'localhost"',
  "localhost'",
  '<script>',
  '(localhost)',
  'localhost=x',
  'localhost&x',
  'local*host',
  'local|host',
  'local~host',
  'local!host',
  'local$host',
  'local{host}',
  '127.1',
  '127.0.0.1.1',
  '256.1.1.1',
  '0x7f.0.0.1',
  '2130706433',
  '1.0x',
  '::1',
  '[::1',
  '::1]',
  '[::1]x',
  '[::1]:',
  '[::1]:99999',
  '[fe80::1%eth0]',
  '[v1.a]',
  '[localhost]',
  '[]',
  'caf\u00e9.example',
  '\u212Aelvin.example',
]

t.test('a host is a name or an address with a port, and nothing else', async (t) => {
  for (const host of hosts) t.equal(readAuthority(host), host.toLowerCase(), host)
  for (const other of others) t.equal(readAuthority(other), undefined, other)
  t.equal(readAuthority(''), undefined)
})

t.test('an invalid Host gets a 400 and never reaches an upstream', async (t) => {
  const stack = await startStack(t)
  for (const host of others) {
    const bytes = Buffer.from(host, 'utf8').toString('latin1')
    const answer = await exchange(stack.url, `GET /public/x HTTP/1.1\r\nHost: ${bytes}\r\nConnection: close\r\n\r\n`)
    t.match(answer, /^HTTP\/1.1 400 /, host)
    t.match(answer, 'STAGEDOOR_BOUNDARY_BAD_HOST', host)
  }
  t.equal(stack.origin.seen.length, 0)
})

t.test('an invalid X-Forwarded-Host of a trusted proxy gets a 400, and the last value counts', async (t) => {
  const stack = await startStack(t, { config: { server: { trustedProxies: ['127.0.0.1/32'] } } })
  const ask = (value: string) =>
    exchange(
      stack.url,
      `GET /public/x HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Host: ${value}\r\nConnection: close\r\n\r\n`,
    )
  for (const host of others) {
    // A comma separates hosts in this header.
    if (host.includes(',')) continue
    t.match(await ask(Buffer.from(host, 'utf8').toString('latin1')), 'STAGEDOOR_BOUNDARY_BAD_HOST', host)
  }
  t.equal(stack.origin.seen.length, 0)
  t.match(await ask('evil@x, portal.example.com:8443'), /^HTTP\/1.1 200 /)
  const headers = stack.origin.seen[0]?.headers
  t.match(headers, {
    host: 'portal.example.com:8443',
    'x-forwarded-host': 'portal.example.com:8443',
    'x-forwarded-port': '8443',
  })
})

t.test('an invalid :authority of HTTP/2 gets a 400', async (t) => {
  const gateway = await startTlsGateway(t)
  for (const authority of ['a@localhost', 'localhost,evil.test', 'localhost/x', '127.1', 'localhost:99999']) {
    const session = connectHttp2(t, gateway)
    const status = await new Promise((resolve) => {
      const stream = session.request({ ':path': '/', ':authority': authority, cookie: gateway.cookie })
      stream.on('response', (headers) => resolve(headers[':status']))
      stream.on('error', () => resolve('reset'))
      stream.resume()
    })
    t.ok(status === 400 || status === 'reset', `${authority}: ${String(status)}`)
    session.destroy()
  }
  t.equal(gateway.origin.seen.length, 0)
})
