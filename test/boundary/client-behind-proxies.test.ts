import t from 'tap'

import { clientConnection } from '../../src/boundary/client-behind-proxies.ts'
import { createNetworkTest } from '../../src/boundary/trusted-proxies.ts'

const nobody = createNetworkTest([])
const cluster = createNetworkTest(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
const claimed = {
  host: 'Portal.example.com',
  'x-forwarded-for': '203.0.113.9, 198.51.100.2, 10.1.1.1',
  'x-forwarded-proto': 'http, https',
  'x-forwarded-host': 'Public.example.com',
}

t.test('forwarded headers of an untrusted client are ignored', async (t) => {
  const connection = clientConnection({ remoteAddress: '203.0.113.1', isEncrypted: false }, claimed, cluster)
  t.same(connection, {
    clientIp: '203.0.113.1',
    protocol: 'http',
    host: 'Portal.example.com',
    isForwarded: false,
  })
})

t.test('without trusted proxies no forwarded headers are trusted, not even from loopback', async (t) => {
  const connection = clientConnection({ remoteAddress: '127.0.0.1', isEncrypted: true }, claimed, nobody)
  t.match(connection, { clientIp: '127.0.0.1', protocol: 'https', isForwarded: false })
})

t.test('behind trusted proxies the client is the rightmost address that is not one of them', async (t) => {
  const connection = clientConnection({ remoteAddress: '10.2.2.2', isEncrypted: false }, claimed, cluster)
  t.same(connection, {
    clientIp: '198.51.100.2',
    protocol: 'https',
    host: 'Public.example.com',
    isForwarded: true,
  })
})

t.test('when all addresses are trusted proxies, the leftmost is the client', async (t) => {
  const headers = { 'x-forwarded-for': '10.9.9.9, 10.1.1.1' }
  t.equal(clientConnection({ remoteAddress: '10.2.2.2', isEncrypted: false }, headers, cluster).clientIp, '10.9.9.9')
})

t.test('a trusted proxy without forwarded headers is the client itself', async (t) => {
  const connection = clientConnection({ remoteAddress: '10.2.2.2', isEncrypted: true }, {}, cluster)
  t.match(connection, { clientIp: '10.2.2.2', protocol: 'https', host: '' })
})

t.test('a forwarded protocol that is neither http nor https is ignored', async (t) => {
  const headers = { 'x-forwarded-proto': 'gopher' }
  t.equal(clientConnection({ remoteAddress: '10.2.2.2', isEncrypted: false }, headers, cluster).protocol, 'http')
})

t.test('repeated headers are read as one list', async (t) => {
  const headers = { 'x-forwarded-for': ['203.0.113.9', '198.51.100.2'] as unknown as string }
  t.equal(
    clientConnection({ remoteAddress: '10.2.2.2', isEncrypted: false }, headers, cluster).clientIp,
    '198.51.100.2',
  )
})

t.test('an IPv4 address on a dual-stack socket is the same address', async (t) => {
  const connection = clientConnection({ remoteAddress: '::ffff:10.2.2.2', isEncrypted: false }, claimed, cluster)
  t.equal(connection.isForwarded, true)
  for (const remoteAddress of ['::ffff:10.2.2.2', '::FFFF:a02:202'])
    t.equal(clientConnection({ remoteAddress, isEncrypted: false }, {}, cluster).clientIp, '10.2.2.2', remoteAddress)
})

t.test(
  'trusted proxies may be single addresses and IPv6 blocks, and an invalid address is never trusted',
  async (t) => {
    t.equal(cluster('192.0.2.7'), true)
    t.equal(cluster('192.0.2.8'), false)
    t.equal(cluster('fd12::1'), true)
    t.equal(cluster('2001:db8::1'), false)
    t.equal(cluster('unknown'), false)
  },
)
