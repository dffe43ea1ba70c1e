import t from 'tap'

import { createAddressHealth } from '../../src/proxy/upstream-addresses.ts'

function setUp() {
  const changes: (string | undefined)[] = []
  let now = 1_000
  const health = createAddressHealth({
    coolDownMs: 100,
    now: () => now,
    onChange: (cause) => void changes.push(cause?.message),
  })
  return { health, changes, pass: (ms: number) => void (now += ms) }
}

const refused = new Error('refused')

t.test('an address that refused a connection gets no requests until its cool-down ends', async (t) => {
  const { health, changes, pass } = setUp()
  t.same([health.isUsable(), health.isFailing], [true, false])
  health.connectFailed(refused)
  t.same([health.isUsable(), health.isFailing], [false, true])
  pass(99)
  t.equal(health.isUsable(), false)
  pass(1)
  t.equal(health.isUsable(), true)
  t.same(changes, ['refused'])
})

t.test('after the cool-down one request tests the address, and the others avoid it meanwhile', async (t) => {
  const { health, changes, pass } = setUp()
  health.connectFailed(refused)
  pass(100)
  health.tried()
  t.equal(health.isUsable(), false)
  health.answered()
  t.same([health.isUsable(), health.isFailing], [true, false])
  t.same(changes, ['refused', undefined])
})

t.test('a request to a healthy address does not change its health', async (t) => {
  const { health, changes } = setUp()
  health.tried()
  health.answered()
  t.same([health.isUsable(), changes], [true, []])
})

t.test('two failed probes in a row make an address unhealthy, and one success makes it healthy again', async (t) => {
  const { health, changes } = setUp()
  health.probed(refused)
  t.same([health.isUsable(), health.isFailing], [true, false])
  health.probed(refused)
  health.probed(refused)
  t.same([health.isUsable(), health.isFailing], [false, true])
  health.probed(undefined)
  t.same([health.isUsable(), health.isFailing], [true, false])
  t.same(changes, ['refused', undefined])
})

t.test('an address whose probes fail stays unhealthy even if it answers a request', async (t) => {
  const { health } = setUp()
  health.probed(refused)
  health.probed(refused)
  health.answered()
  t.same([health.isUsable(), health.isFailing], [false, true])
})

t.test('a good probe ends a cool-down', async (t) => {
  const { health } = setUp()
  health.connectFailed(refused)
  health.probed(undefined)
  t.same([health.isUsable(), health.isFailing], [true, false])
})
