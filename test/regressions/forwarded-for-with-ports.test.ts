import t from 'tap'

import { forwardedAddress } from '../../src/boundary/trusted-proxies.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

const rows: [entry: string, address: string | undefined][] = [
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:51234', '203.0.113.7'],
  ['"203.0.113.7:51234"', '203.0.113.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['2001:DB8:0:0::7', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['[2001:db8::7]:443', '2001:db8::7'],
  ['"[2001:db8::7]:443"', '2001:db8::7'],
  ['for=203.0.113.7', '203.0.113.7'],
  ['For="[2001:db8::7]:4711";proto=https;by=203.0.113.43', '2001:db8::7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:cb00:7107', '203.0.113.7'],
  ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
  ['fe80::1%eth0', 'fe80::1'],
  ['unknown', undefined],
  ['for=unknown', undefined],
  ['for=_hidden', undefined],
  ['', undefined],
  ['203.0.113.7:port', undefined],
  ['203.0.113.7:', undefined],
  ['203.0.113', undefined],
  ['203.0.113.7.1', undefined],
  ['[203.0.113.7', undefined],
  ['portal.example.com', undefined],
  ['<script>', undefined],
]

t.test('an entry of X-Forwarded-For is read without its port, or ignored', async (t) => {
  for (const [entry, address] of rows) t.equal(forwardedAddress(entry), address, entry)
})

const walks: [what: string, forwardedFor: string, client: string][] = [
  ['a port is dropped', '203.0.113.7:51234', '203.0.113.7'],
  ['a trusted hop with a port is a trusted hop', '203.0.113.7:1, 10.1.1.1:2', '203.0.113.7'],
  ['what is no address ends the walk at the last trusted hop', '203.0.113.7, unknown, 10.1.1.1', '10.1.1.1'],
  ['and at the peer where it comes first', '203.0.113.7, unknown', '127.0.0.1'],
  ['an address of another spelling is the same', '::ffff:203.0.113.7', '203.0.113.7'],
]

t.test('the client is identified by address, even if proxies add a port', async (t) => {
  const stack = await startStack(t, { config: { server: { trustedProxies: ['127.0.0.1/32', '10.0.0.0/8'] } } })
  for (const [what, forwardedFor, client] of walks) {
    await ask(`${stack.directUrl}/public/x`, undefined, { 'x-forwarded-for': forwardedFor })
    t.equal(stack.origin.seen.at(-1)?.headers['x-forwarded-for'], client, what)
    t.match(stack.records().at(-1), { client_ip: client }, what)
  }
})

t.test('refused tokens from changing ports of one address are limited as one', async (t) => {
  const server = { trustedProxies: ['127.0.0.1/32'], failedAttempts: { max: 5 } }
  const stack = await startStack(t, { config: { server, machines: machinesIn } })
  const statuses: number[] = []
  for (let port = 1; port <= 8; port += 1) {
    const token = machineToken(stack.auth0, { exp: 1, azp: `client-${port}`, sub: `client-${port}@clients` })
    const { status } = await ask(`${stack.directUrl}/a`, token, { 'x-forwarded-for': `203.0.113.7:${port}` })
    statuses.push(status)
  }
  t.same(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
})
