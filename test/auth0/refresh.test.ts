import { decodeJwt } from 'jose'
import { refreshTokenGrant, tokenRevocation } from 'openid-client'
import t from 'tap'

import { clientFields, createApplication, postToken, refusalOf, startAuth0 } from './support/start.ts'

const offline = { scope: 'openid profile email offline_access' }
const jane = 'auth0|64f1c0ffee0000000000a001'
const dead = { error: 'invalid_grant', status: 403 }

t.test('a refresh rotates the token and keeps sid, with fresh roles', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const first = await login(offline)
  auth0.switches.setRoles(jane, ['developer'])
  const second = await refreshTokenGrant(config, first.refresh_token ?? '')
  t.not(second.refresh_token, first.refresh_token)
  const claims = decodeJwt(second.id_token ?? '')
  t.equal(claims.sid, decodeJwt(first.id_token ?? '').sid)
  t.same(claims['https://stagedoor.example.com/roles'], ['developer'])
})

t.test('a refresh token used twice ends the whole family', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const first = await login(offline)
  const second = await refreshTokenGrant(config, first.refresh_token ?? '')
  t.match(await refusalOf(refreshTokenGrant(config, first.refresh_token ?? '')), dead)
  t.match(await refusalOf(refreshTokenGrant(config, second.refresh_token ?? '')), dead)
})

t.test('concurrent refreshes count as a reuse without an overlap', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const { refresh_token = '' } = await login(offline)
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => refreshTokenGrant(config, refresh_token)))
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
})

t.test('during the overlap the previous token still works, and the one before it does not', async (t) => {
  const auth0 = await startAuth0(t, { lifetimes: { rotationLeewaySeconds: 60 } })
  const { config, login } = await createApplication(auth0)
  const first = await login(offline)
  const second = await refreshTokenGrant(config, first.refresh_token ?? '')
  await refreshTokenGrant(config, first.refresh_token ?? '')
  const third = await refreshTokenGrant(config, second.refresh_token ?? '')
  t.match(await refusalOf(refreshTokenGrant(config, first.refresh_token ?? '')), dead)
  t.match(await refusalOf(refreshTokenGrant(config, third.refresh_token ?? '')), dead, 'the family is gone')
})

t.test('a bad client secret does not use the refresh token up', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const { refresh_token = '' } = await login(offline)
  const fields = { ...clientFields(auth0), client_secret: 'wrong', grant_type: 'refresh_token', refresh_token }
  t.equal((await postToken(auth0, fields)).status, 401)
  t.ok((await refreshTokenGrant(config, refresh_token)).refresh_token)
})

t.test('a blocked user cannot refresh', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const { refresh_token = '' } = await login(offline)
  await auth0.switches.blockUser(jane)
  t.match(await refusalOf(refreshTokenGrant(config, refresh_token)), dead)
})

t.test('revoking ends a refresh token and not that of another login, and an unknown one gets 200', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const first = await login(offline)
  const other = await login(offline)
  await tokenRevocation(config, first.refresh_token ?? '')
  await tokenRevocation(config, 'unknown')
  t.match(await refusalOf(refreshTokenGrant(config, first.refresh_token ?? '')), dead)
  t.ok((await refreshTokenGrant(config, other.refresh_token ?? '')).access_token)
})

t.test('a client cannot revoke the refresh token of another one', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login } = await createApplication(auth0)
  const { refresh_token = '' } = await login(offline)
  const { clientId, clientSecret } = auth0.machine
  const body = new URLSearchParams({ token: refresh_token, client_id: clientId, client_secret: clientSecret })
  const answer = await fetch(`${auth0.issuer}oauth/revoke`, { method: 'POST', body })
  t.equal(answer.status, 400)
  t.ok((await refreshTokenGrant(config, refresh_token)).access_token)
})

t.test('a refresh token outlives the logout at Auth0', async (t) => {
  const auth0 = await startAuth0(t)
  const { config, login, browser } = await createApplication(auth0)
  const { refresh_token = '' } = await login(offline)
  await browser.get(`${auth0.issuer}v2/logout?client_id=${auth0.clientId}`)
  t.ok((await refreshTokenGrant(config, refresh_token)).access_token)
})
