import t from 'tap'

import { startStack } from '../support/stack.ts'

t.test('a logout token that is not sent as a form ends nothing', async (t) => {
  const stack = await startStack(t, { auth0: { settings: { advertiseBackchannelLogout: true } } })
  const { browser } = await stack.signIn()
  let token = ''
  stack.auth0.switches.setClient(stack.auth0.clientId, {
    backchannelLogoutUrls: [],
    backchannelLogoutInitiators: 'all',
  })
  const url = `${stack.url}/.stagedoor/backchannel-logout`
  token = await logoutToken(stack)
  const bodies: [string, string][] = [
    ['application/json', JSON.stringify({ logout_token: token })],
    ['application/jwt', token],
    ['text/plain', `logout_token=${token}`],
    ['application/x-www-form-urlencoded-not', `logout_token=${token}`],
  ]
  for (const [type, body] of bodies) {
    const { status } = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
    t.ok([400, 415].includes(status), `${type}: ${status}`)
    t.equal((await browser.fetch(`${stack.url}/`)).status, 200, type)
  }
  const form = { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=utf-8' }
  const sent = await fetch(url, { method: 'POST', headers: form, body: `logout_token=${token}` })
  t.equal(sent.status, 200, 'as a form it is good')
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
})

async function logoutToken({ auth0 }: Awaited<ReturnType<typeof startStack>>): Promise<string> {
  const { SignJWT, importJWK } = await import('jose')
  const key = auth0.signingKey()
  const [login] = auth0.tenant.logins.values()
  return new SignJWT({
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    sid: login?.sid,
    sub: login?.userId ?? '',
  })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid ?? '', typ: 'logout+jwt' })
    .setIssuer(auth0.issuer)
    .setAudience(auth0.clientId)
    .setIssuedAt()
    .setExpirationTime('2m')
    .setJti('j-1')
    .sign(await importJWK(key, 'RS256'))
}
