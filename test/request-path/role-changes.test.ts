import type { RequestListener } from 'node:http'

import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'

import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const signInPath = '/api/auth/stagedoor/refresh'
const tenMinutesMs = 10 * 60_000

/** A stack in which Jane signs in and `refreshEvery` passes. The upstream answers `status` to the sign-in request. */
async function startAgedStack(t: Test, { status = 200, assertion = {} }: { status?: number; assertion?: object } = {}) {
  const clock = { aheadMs: 0 }
  const upstream: RequestListener = (request, response) => {
    response.statusCode = request.url === signInPath ? status : 200
    response.end()
  }
  const upstreams = (url: string) => ({ upstreams: { backstage: { url, assertion } } })
  const config = Object.keys(assertion).length > 0 ? upstreams('http://127.0.0.1:9') : {}
  const stack = await startStack(t, { now: () => Date.now() + clock.aheadMs, upstream, config })
  const { browser } = await stack.signIn()
  const { id } = stack.auth0.users.find(({ email }) => email === 'jane@example.com') ?? { id: '' }
  clock.aheadMs = tenMinutesMs
  return { stack, id, ask: () => browser.fetch(`${stack.url}/.stagedoor/me`) }
}

const messages = ({ logged }: Stack) => logged.map(({ msg }) => String(msg))
const signIns = ({ origin }: Stack) => origin.seen.filter(({ url }) => url === signInPath)

t.test('a refresh that changes roles signs the person in to Backstage anew at once, for any request', async (t) => {
  const { stack, id, ask } = await startAgedStack(t)
  stack.auth0.switches.setRoles(id, ['developer'])
  t.equal((await ask()).status, 200)
  await until(() => messages(stack).includes('the upstream has the changed roles'))

  const [signIn, ...others] = signIns(stack)
  t.same(others, [])
  t.equal(signIn?.method, 'GET')
  t.equal(signIn?.headers.host, new URL(stack.url).host)
  t.match(signIn?.headers, { 'x-request-id': /^[0-9a-f-]{36}$/, traceparent: /^00-/ })
  t.equal(signIn?.headers.cookie, undefined)
  const claims = decodeJwt(String(signIn?.headers['x-stagedoor-assertion']))
  t.match(claims, { sub: id, roles: ['developer'], aud: 'urn:stagedoor:backstage' })
})

t.test('a refresh that changes no rights does not notify the upstream', async (t) => {
  const { stack, ask } = await startAgedStack(t)
  t.equal((await ask()).status, 200)
  t.equal(stack.auth0.counters.tokenRefreshToken, 1)
  t.same(signIns(stack), [])
})

t.test('an upstream that rejects the new roles is logged, and the request succeeds', async (t) => {
  const { stack, id, ask } = await startAgedStack(t, { status: 404 })
  stack.auth0.switches.setRoles(id, [])
  t.equal((await ask()).status, 200)
  const text = 'the upstream refused the changed roles (assertion.signInPath)'
  await until(() => messages(stack).includes(text))
  t.match(
    stack.logged.find(({ msg }) => msg === text),
    { level: 40, status: 404, upstream: 'backstage' },
  )
})

t.test('an upstream that is down when roles change is logged', async (t) => {
  const { stack, id, ask } = await startAgedStack(t, { assertion: { signInPath: '/elsewhere' } })
  stack.auth0.switches.setRoles(id, [])
  t.equal((await ask()).status, 200)
  await until(() => messages(stack).includes('the changed roles did not reach the upstream'))
})

for (const assertion of [{ signInPath: 'off' }, { headers: ['oauth2-proxy'] }]) {
  t.test(`an upstream with ${JSON.stringify(assertion)} is not notified of changed roles`, async (t) => {
    const { stack, id, ask } = await startAgedStack(t, { assertion })
    stack.auth0.switches.setRoles(id, [])
    t.match(JSON.parse((await ask()).text), { roles: { length: 0 } })
    t.notOk(messages(stack).some((message) => message.includes('changed roles')))
  })
}
