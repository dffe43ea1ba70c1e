import { existsSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { startGateway } from '../support/gateway.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { freePort } from '../support/ports.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const hour = 3_600_000

t.test('a rotation of keys under load fails no valid request', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn } })
  const statuses = new Map<number, number>()
  const send = async () => {
    const { status } = await ask(`${url}/`, machineToken(auth0, { jitter: Math.random() }))
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (let round = 0; round < 3; round++) {
    const load = Array.from({ length: 25 }, send)
    await auth0.switches.rotateKeys()
    await Promise.all([...load, ...Array.from({ length: 25 }, send)])
  }
  t.same([...statuses], [[200, 150]])
})

t.test('with the issuer down for hours, tokens are verified as before', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { config: { machines: machinesIn }, now: () => now })
  const { auth0, url } = stack
  t.equal((await ask(`${url}/`, machineToken(auth0, {}, {}, now))).status, 200)
  auth0.switches.down()
  for (let i = 0; i < 23; i++) {
    now += hour
    t.equal((await ask(`${url}/`, machineToken(auth0, {}, {}, now))).status, 200, `after ${i + 1} h`)
  }
  const { body } = await ask(`${url}/.stagedoor/health/ready`)
  t.match(body, { status: 'degraded' })
  now += 2 * hour
  t.equal((await ask(`${url}/`, machineToken(auth0, {}, {}, now))).status, 503, 'a day is the limit')
})

t.test('after a restart while the issuer is down, tokens are still verified', async (t) => {
  const path = join(t.testdir({}), 'jwks.json')
  const config = { machines: { ...machinesIn, jwks: { path } } }
  const { auth0, url, origin } = await startStack(t, { config })
  t.equal((await ask(`${url}/`, machineToken(auth0))).status, 200)
  await until(() => existsSync(path))
  auth0.switches.down()
  const restarted = await startGateway(t, { auth0, upstream: origin.url, port: await freePort(), config })
  t.equal((await ask(`${restarted.url}/`, machineToken(auth0))).status, 200)
})

t.test('at the next refresh a revoked key, and tokens verified with it before, are refused', async (t) => {
  let now = Date.now()
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn }, now: () => now })
  const token = machineToken(auth0)
  t.equal((await ask(`${url}/`, token)).status, 200)
  await auth0.switches.rotateKeys({ revoke: true })
  now += 6 * 60_000
  // The first request after the interval starts the refresh, and is answered with the known keys.
  await ask(`${url}/`, token)
  const fetchesBefore = auth0.counters.jwks
  await until(async () => (await ask(`${url}/`, token)).status === 401)
  t.match(await ask(`${url}/`, token), { status: 401, body: { reason: 'key-unknown' } })
  t.ok(auth0.counters.jwks - fetchesBefore <= 2)
})
