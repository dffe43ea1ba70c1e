import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import t from 'tap'
import type { Test } from 'tap'

import type { LocalAuth0 } from '../../auth0/local/server.ts'
import { createApplication, startAuth0 } from './support/start.ts'

const jane = 'auth0|64f1c0ffee0000000000a001'

/** A receiver of logout tokens. `next` gives the next one. */
async function startReceiver(t: Test, status = 200) {
  const tokens: string[] = []
  let arrived: (() => void) | undefined
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      response.writeHead(status).end()
      tokens.push(new URLSearchParams(body).get('logout_token') ?? '')
      arrived?.()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel`
  const next = async () => {
    if (tokens.length === 0) await new Promise<void>((resolve) => (arrived = resolve))
    return tokens.shift() ?? ''
  }
  return { url, tokens, next }
}

function listen(auth0: LocalAuth0, url: string, backchannelLogoutInitiators: 'all' | string[] = ['rp-logout']) {
  auth0.switches.setClient(auth0.clientId, { backchannelLogoutUrls: [url], backchannelLogoutInitiators })
}

t.test("a logout sends a logout token with Auth0's header and claims", async (t) => {
  const auth0 = await startAuth0(t)
  const receiver = await startReceiver(t)
  listen(auth0, receiver.url)
  const { browser, login } = await createApplication(auth0)
  const { sid } = decodeJwt((await login()).id_token ?? '')
  await browser.get(`${auth0.issuer}v2/logout?client_id=${auth0.clientId}`)
  const jwks = createRemoteJWKSet(new URL(`${auth0.issuer}.well-known/jwks.json`))
  const { payload, protectedHeader } = await jwtVerify(await receiver.next(), jwks, { audience: auth0.clientId })
  t.match(protectedHeader, { typ: 'JWT', alg: 'RS256', kid: String })
  t.match(payload, { iss: auth0.issuer, sub: jane, sid, jti: String })
  t.same(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} })
  t.equal((payload.exp ?? 0) - (payload.iat ?? 0), 120)
  t.notOk('nonce' in payload)
})

t.test('blocking a user notifies only applications that subscribe to that event', async (t) => {
  const auth0 = await startAuth0(t)
  const receiver = await startReceiver(t)
  listen(auth0, receiver.url)
  await (await createApplication(auth0)).login()
  t.same(await auth0.switches.blockUser(jane), [])
  listen(auth0, receiver.url, 'all')
  t.match(await auth0.switches.blockUser(jane), [{ url: receiver.url, status: 200 }])
})

t.test('a switch makes a logout token invalid, and an answer of 400 is final', async (t) => {
  const auth0 = await startAuth0(t)
  const receiver = await startReceiver(t, 400)
  listen(auth0, receiver.url)
  await (await createApplication(auth0)).login()
  const deliveries = await auth0.switches.sendBackchannelLogout({
    claims: { nonce: 'bad', sid: undefined, aud: 'else' },
  })
  t.match(deliveries, [{ status: 400 }])
  const claims = decodeJwt(await receiver.next())
  t.match(claims, { nonce: 'bad', aud: 'else' })
  t.notOk('sid' in claims)
  t.equal(receiver.tokens.length, 0)
})

t.test('discovery announces back-channel logout only when it is switched on', async (t) => {
  const auth0 = await startAuth0(t)
  const read = async () => (await fetch(`${auth0.issuer}.well-known/openid-configuration`)).json()
  t.notOk('backchannel_logout_supported' in ((await read()) as object))
  auth0.switches.setSettings({ advertiseBackchannelLogout: true })
  t.match(await read(), { backchannel_logout_supported: true, backchannel_logout_session_supported: true })
})
