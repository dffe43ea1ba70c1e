import t from 'tap'

import { answersToTooMany } from '../../src/failed-attempts/plugin.ts'
import { createBrowser } from '../support/browser.ts'
import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

const failedAttempts = { max: 3, window: '1m' }

t.test('too many refused tokens from one address get a 429, and a valid one is still accepted', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn, server: { failedAttempts } } })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) {
    const { status } = await ask(`${url}/`, machineToken(auth0, { exp: 1, azp: `client-${i}` }))
    statuses.push(status)
  }
  t.same(statuses, [401, 401, 401, 429, 429])
  const refused = await ask(`${url}/`, 'opaque')
  t.match(refused, { status: 429, body: { code: 'STAGEDOOR_BEARER_TOO_MANY_ATTEMPTS' } })
  const seconds = Number(refused.headers['retry-after'])
  t.ok(seconds > 0 && seconds <= 60, `Retry-After: ${seconds}`)
  t.equal((await ask(`${url}/`, machineToken(auth0))).status, 200)
  t.equal((await ask(`${url}/`)).status, 401, 'no token is no attempt')
})

t.test('too many refused tokens of one client get a 429 at any address', async (t) => {
  const server = { failedAttempts, trustedProxies: ['127.0.0.0/8'] }
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn, server } })
  const from = async (address: string, azp: string) => {
    const token = machineToken(auth0, { exp: 1, azp })
    return (await ask(`${url}/`, token, { 'x-forwarded-for': address })).status
  }
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
  const statuses: number[] = []
  for (const address of addresses) statuses.push(await from(address, 'leaked'))
  t.same(statuses, [401, 401, 401, 429])
  t.equal(await from('192.0.2.9', 'other'), 401)
})

t.test('too many failed sign-ins from one address get a 429', async (t) => {
  const { url } = await startStack(t, { config: { server: { failedAttempts } } })
  const statuses: number[] = []
  for (let i = 0; i < 4; i++) {
    statuses.push((await createBrowser().step(`${url}/.stagedoor/callback?code=x&state=${i}`)).status)
  }
  t.same(statuses, [400, 400, 400, 429])
  const { text } = await createBrowser().step(`${url}/.stagedoor/callback?code=x&state=9`)
  t.match(text, 'STAGEDOOR_OIDC_TOO_MANY_ATTEMPTS')
})

t.test('a browser without a session is never limited for polling with Backstage’s token', async (t) => {
  const { auth0, url } = await startStack(t, { config: { machines: machinesIn, server: { failedAttempts } } })
  const token = machineToken(auth0, {}, { typ: 'vnd.backstage.user' })
  for (let i = 0; i < 6; i++) t.equal((await ask(`${url}/`, token)).status, 401)
})

t.test('internal errors and refusals of an identified caller are not counted', async (t) => {
  const counted = Object.keys(answersToTooMany)
  t.same(
    counted.filter((code) => !/^STAGEDOOR_(BEARER|OIDC)_/.test(code)),
    [],
  )
  t.notOk(counted.includes('STAGEDOOR_OIDC_UNAVAILABLE'))
  t.notOk(counted.includes('STAGEDOOR_BEARER_KEYS_UNAVAILABLE'))
})
