import { decodeJwt } from 'jose'
import t from 'tap'

import { afterLogout, createApplication, startAuth0 } from './support/start.ts'

t.test('/v2/logout ends the session and returns to an allowed URL with any query', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl, login } = await createApplication(auth0)
  await login()
  const query = new URLSearchParams({ client_id: auth0.clientId, returnTo: `${afterLogout}?from=here` })
  const page = await browser.get(`${auth0.issuer}v2/logout?${query.toString()}`)
  t.equal(page.location, `${afterLogout}?from=here`)
  t.match((await browser.get(authorizeUrl().href)).text, 'name="password"')
})

t.test(
  '/v2/logout without returnTo goes to the first allowed URL, and answers 400 for a URL that is not allowed',
  async (t) => {
    const auth0 = await startAuth0(t)
    const { browser } = await createApplication(auth0)
    t.equal((await browser.get(`${auth0.issuer}v2/logout?client_id=${auth0.clientId}`)).location, afterLogout)
    for (const target of ['http://evil.test/', `${afterLogout}/x`, afterLogout.toUpperCase()]) {
      const query = new URLSearchParams({ client_id: auth0.clientId, returnTo: target })
      const page = await browser.get(`${auth0.issuer}v2/logout?${query.toString()}`)
      t.equal(page.status, 400)
      t.match(page.text, 'is not defined as a valid URL in &quot;Allowed Logout URLs&quot;')
    }
  },
)

t.test("/v2/logout without client_id allows the tenant's URLs only", async (t) => {
  const tenantUrl = 'http://tenant.test/bye'
  const auth0 = await startAuth0(t, { tenantLogoutUrls: [tenantUrl] })
  const { browser } = await createApplication(auth0)
  const leave = (returnTo: string) =>
    browser.get(`${auth0.issuer}v2/logout?${new URLSearchParams({ returnTo }).toString()}`)
  t.equal((await leave(tenantUrl)).location, tenantUrl)
  t.equal((await leave(afterLogout)).status, 400)
})

t.test('/oidc/logout skips the confirmation when the ID token or the sid names this session', async (t) => {
  const auth0 = await startAuth0(t)
  for (const by of ['id_token_hint', 'logout_hint']) {
    const { browser, authorizeUrl, login } = await createApplication(auth0)
    const { id_token = '' } = await login()
    const hint = by === 'id_token_hint' ? id_token : String(decodeJwt(id_token).sid)
    const query = new URLSearchParams({
      [by]: hint,
      client_id: auth0.clientId,
      post_logout_redirect_uri: afterLogout,
      state: 'xyz',
    })
    const page = await browser.get(`${auth0.issuer}oidc/logout?${query.toString()}`)
    t.equal(page.location, `${afterLogout}?state=xyz`)
    t.match((await browser.get(authorizeUrl().href)).text, 'name="password"')
  }
})

t.test('/oidc/logout asks for confirmation without proof of the session, and then logs out', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, authorizeUrl, login } = await createApplication(auth0)
  await login()
  const url = `${auth0.issuer}oidc/logout`
  const fields = { client_id: auth0.clientId, post_logout_redirect_uri: afterLogout, logout_hint: 'other' }
  const page = await browser.get(`${url}?${new URLSearchParams(fields).toString()}`)
  t.match(page.text, 'Log out?')
  t.notMatch((await browser.get(authorizeUrl().href)).text, 'name="password"')
  t.equal((await browser.submit(url, { ...fields, confirm: 'yes' })).location, afterLogout)
  t.match((await browser.get(authorizeUrl().href)).text, 'name="password"')
})

t.test('/oidc/logout refuses a target that is not allowed and a hint that is not ours', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, login } = await createApplication(auth0)
  const { id_token = '' } = await login()
  const table = [
    { client_id: auth0.clientId, post_logout_redirect_uri: 'http://evil.test/' },
    { id_token_hint: `${id_token.slice(0, -8)}AAAAAAAA` },
    { id_token_hint: id_token, client_id: auth0.machine.clientId },
  ]
  for (const fields of table) {
    t.equal((await browser.get(`${auth0.issuer}oidc/logout?${new URLSearchParams(fields).toString()}`)).status, 400)
  }
})

t.test('the ID token of another session proves nothing', async (t) => {
  const auth0 = await startAuth0(t)
  const { id_token = '' } = await (await createApplication(auth0)).login()
  const { browser, login } = await createApplication(auth0)
  await login()
  const query = new URLSearchParams({ id_token_hint: id_token })
  t.match((await browser.get(`${auth0.issuer}oidc/logout?${query.toString()}`)).text, 'Log out?')
})

t.test('an ID token signed before a key rotation still works as a hint', async (t) => {
  const auth0 = await startAuth0(t)
  const { browser, login } = await createApplication(auth0)
  const { id_token = '' } = await login()
  await auth0.switches.rotateKeys()
  const page = await browser.get(
    `${auth0.issuer}oidc/logout?${new URLSearchParams({ id_token_hint: id_token }).toString()}`,
  )
  t.equal(page.location, afterLogout)
})
