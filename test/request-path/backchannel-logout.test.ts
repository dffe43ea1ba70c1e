import t, { type Test } from 'tap'

import { createBrowser } from '../support/browser.ts'
import { forge } from '../support/machine.ts'
import { startRedis } from '../support/redis.ts'
import { type Stack, type StackOptions, startStack } from '../support/stack.ts'

async function startListeningStack(t: Test, options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack(t, { ...options, auth0: { settings: { advertiseBackchannelLogout: true } } })
  stack.auth0.switches.setClient(stack.auth0.clientId, {
    backchannelLogoutUrls: [`${stack.url}/.stagedoor/backchannel-logout`],
    backchannelLogoutInitiators: 'all',
  })
  return stack
}

const sidsOf = ({ auth0 }: Stack): string[] => [...auth0.tenant.logins.values()].map(({ sid }) => sid)
const statusesOf = (deliveries: readonly { status: number }[]) => deliveries.map(({ status }) => status)

t.test('a logout token ends only the session that it names', async (t) => {
  const stack = await startListeningStack(t)
  const [first, second] = [await stack.signIn(), await stack.signIn()]
  const [sid = ''] = sidsOf(stack)
  t.same(statusesOf(await stack.auth0.switches.sendBackchannelLogout({ sid })), [200])
  t.equal((await first.browser.fetch(`${stack.url}/`)).status, 401)
  t.equal((await second.browser.fetch(`${stack.url}/`)).status, 200)
  t.match(
    stack.records().find(({ event }) => event === 'revocation'),
    {
      channel: 'back-channel-logout',
      target: { sid },
      principal: { kind: 'anonymous' },
    },
  )
  const again = await stack.signIn('jane@example.com', first.browser)
  t.equal(again.page.status, 200, 'a new login is not hit')
})

t.test('a logout token without a session ends all sessions of the person that began before it', async (t) => {
  const stack = await startListeningStack(t)
  const [jane, max] = [await stack.signIn(), await stack.signIn('max@example.com')]
  const sub = [...stack.auth0.tenant.logins.values()][0]?.userId ?? ''
  const [, ...others] = sidsOf(stack)
  t.ok(others.length)
  const deliveries = await stack.auth0.switches.sendBackchannelLogout({ sub, claims: { sid: null } })
  t.same(statusesOf(deliveries), [200])
  t.equal((await jane.browser.fetch(`${stack.url}/`)).status, 401)
  t.equal((await max.browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('no cache keeps the answer (OIDC Back-Channel Logout 1.0 §2.8)', async (t) => {
  const stack = await startListeningStack(t)
  const { issuer, clientId } = stack.auth0
  const key = stack.auth0.signingKey()
  const iat = Math.floor(Date.now() / 1000)
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const claims = { iss: issuer, aud: clientId, sub: 'auth0|jane', iat, exp: iat + 120, jti: 'j-1', events }
  const token = forge(key, { alg: 'RS256', kid: key.kid, typ: 'logout+jwt' }, claims)
  const answer = await createBrowser().fetch(`${stack.url}/.stagedoor/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('cache-control'), 'no-store')
})

t.test('a token that was used before is refused', async (t) => {
  const stack = await startListeningStack(t)
  await stack.signIn()
  const send = () => stack.auth0.switches.sendBackchannelLogout({ claims: { jti: 'j-1' } })
  t.same(statusesOf(await send()), [200])
  t.same(statusesOf(await send()), [400])
  t.match(
    stack.logged.find(({ reason }) => reason === 'replayed'),
    { code: 'STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED' },
  )
})

t.test('an invalid logout token gets a 400 with the reason and ends no session', async (t) => {
  const stack = await startListeningStack(t)
  const { browser } = await stack.signIn()
  const send = stack.auth0.switches.sendBackchannelLogout
  for (const claims of [{ aud: 'other' }, { nonce: 'n' }, { events: null }, { iat: 1 }, { exp: 1 }, { jti: null }]) {
    t.same(statusesOf(await send({ claims })), [400], JSON.stringify(claims))
  }
  const url = `${stack.url}/.stagedoor/backchannel-logout`
  for (const body of [new URLSearchParams({ logout_token: 'x.y.z' }), new URLSearchParams({ other: '1' })]) {
    const answer = await createBrowser().fetch(url, { method: 'POST', body })
    t.match(answer, { status: 400, text: /"code":"STAGEDOOR_OIDC_LOGOUT_TOKEN_REFUSED"/ })
    t.equal(answer.headers.get('cache-control'), 'no-store')
  }
  const large = new URLSearchParams({ logout_token: 'x'.repeat(20_000) })
  t.equal((await createBrowser().fetch(url, { method: 'POST', body: large })).status, 413)
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('with typedLogoutTokens, untyped logout tokens such as Auth0’s are refused', async (t) => {
  const stack = await startListeningStack(t, { config: { auth0: { typedLogoutTokens: true } } })
  const { browser } = await stack.signIn()
  t.same(statusesOf(await stack.auth0.switches.sendBackchannelLogout({})), [400])
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('while the keys are unavailable the answer is 503, since a 400 would be final', async (t) => {
  const stack = await startListeningStack(t)
  await stack.signIn()
  for (const kind of ['error', 'garbage', 'refuse'] as const) {
    stack.auth0.switches.down(kind, ['/.well-known/jwks.json'])
    t.same(statusesOf(await stack.auth0.switches.sendBackchannelLogout()), [503], kind)
  }
})

t.test('without Redis the session ends on this replica, and the answer is 503', async (t) => {
  const redis = await startRedis(t)
  const config = { session: { store: 'cookie', redis: { url: redis.url }, secrets: ['x'.repeat(32)] } }
  const stack = await startListeningStack(t, { config })
  const { browser } = await stack.signIn()
  await redis.stop()
  t.same(statusesOf(await stack.auth0.switches.sendBackchannelLogout({ claims: { jti: 'j-1' } })), [503])
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
  await redis.start()
  while (stack.parts.health.conditions().some(({ status }) => status === 'degraded')) await browser.fetch(stack.url)
  t.same(statusesOf(await stack.auth0.switches.sendBackchannelLogout({ claims: { jti: 'j-1' } })), [200])
  const ends = stack.records().filter(({ event }) => event === 'revocation')
  t.same(
    ends.map(({ channel, outcome, reason }) => [channel, outcome, reason]),
    [
      ['back-channel-logout', 'deny', 'STAGEDOOR_SESSION_STORE_UNAVAILABLE'],
      ['back-channel-logout', 'allow', undefined],
    ],
  )
})
