import { inspect } from 'node:util'

import t from 'tap'

import { isNetwork, isLoopback } from '../../src/config/values/addresses.ts'
import { counted, formatDuration, parseDuration, formatSize, size } from '../../src/config/values/quantities.ts'
import { Secret } from '../../src/config/values/secret.ts'

t.test('counts use the singular for one and the plural for none', async (t) => {
  t.same(
    [0, 1, 2].map((count) => counted(count, 'writer')),
    ['0 writers', '1 writer', '2 writers'],
  )
  t.same(
    [0, 1, 2].map((count) => counted(count, 'address fails', 'addresses fail')),
    ['0 addresses fail', '1 address fails', '2 addresses fail'],
  )
})

const durations: [string, number | undefined][] = [
  ['500ms', 500],
  ['30s', 30_000],
  ['15m', 900_000],
  ['8h', 28_800_000],
  ['7d', 604_800_000],
  ['0s', 0],
  ['30', undefined],
  ['1.5h', undefined],
  ['-1s', undefined],
  ['1 h', undefined],
  ['1h30m', undefined],
  ['1H', undefined],
  ['', undefined],
]
for (const [text, ms] of durations) {
  t.test(`the duration "${text}" is ${ms === undefined ? 'refused' : `${ms} ms`}`, async (t) => {
    t.equal(parseDuration(text), ms)
  })
}

const sizes: [string, number | undefined][] = [
  ['512B', 512],
  ['64KiB', 65_536],
  ['10MiB', 10_485_760],
  ['1GiB', 1_073_741_824],
  ['64', undefined],
  ['64KB', undefined],
  ['64kib', undefined],
]
for (const [text, bytes] of sizes) {
  t.test(`the size "${text}" is ${bytes === undefined ? 'refused' : `${bytes} bytes`}`, async (t) => {
    t.equal(size({ min: '0B', max: '1024GiB' }).safeParse(text).data, bytes)
  })
}

t.test('a duration is written in the largest unit that divides it', async (t) => {
  const written = [0, 1, 1500, 60_000, 5_400_000, 86_400_000].map((ms) => formatDuration(ms))
  t.same(written, ['0ms', '1ms', '1500ms', '1m', '90m', '1d'])
})

t.test('a size is written in the largest unit that divides it', async (t) => {
  t.same(
    [0, 1, 1025, 65_536, 1_048_576].map((bytes) => formatSize(bytes)),
    ['0B', '1B', '1025B', '64KiB', '1MiB'],
  )
})

t.test('a secret is never printed, whichever way it is looked at', async (t) => {
  const secret = new Secret('hunter2')
  const seen = [
    JSON.stringify({ secret }),
    inspect({ secret }),
    String(secret),
    inspect(secret, { customInspect: false }),
  ]
  t.notOk(seen.some((text) => text.includes('hunter2')))
  t.same(seen.slice(0, 3), ['{"secret":"[secret]"}', '{ secret: [secret] }', '[secret]'])
  t.equal(secret.reveal(), 'hunter2')
})

const networks: [string, boolean][] = [
  ['10.0.0.0/8', true],
  ['192.0.2.7/32', true],
  ['fd00::/8', true],
  ['::/0', true],
  ['10.0.0.0', false],
  ['10.0.0.0/33', false],
  ['fd00::/129', false],
  ['10.0.0/8', false],
  ['portal.example.com/8', false],
]
for (const [text, expected] of networks) {
  t.test(`"${text}" is ${expected ? 'a' : 'no'} network`, async (t) => {
    t.equal(isNetwork(text), expected)
  })
}

const hosts: [string, boolean][] = [
  ['http://localhost:8080', true],
  ['http://127.0.0.1', true],
  ['http://[::1]:80', true],
  ['http://auth0.localhost', true],
  ['http://localhost.example.com', false],
  ['http://127.0.0.1.example.com', false],
  ['http://notlocalhost', false],
]
for (const [url, expected] of hosts) {
  t.test(`${url} is ${expected ? 'this machine' : 'elsewhere'}`, async (t) => {
    t.equal(isLoopback(new URL(url)), expected)
  })
}
