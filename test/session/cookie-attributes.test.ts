import t from 'tap'
import { request } from 'undici'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { ask, connectHttp2, startTlsGateway } from '../listener/support.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { sessionOf } from '../support/sessions.ts'

t.test(
  'over https the session cookie is limited to this host and scheme, and hidden from scripts (RFC 6265bis §4.1.3.2)',
  async (t) => {
    const gateway = await startTlsGateway(t)
    const used = sessionOf({
      issuer: 'http://127.0.0.1:1/',
      usedAt: Date.now() - 1_800_000,
      createdAt: Date.now() - 3_000_000,
      refreshedAt: Date.now(),
    })
    const value = await createSealer(['a secret for tests, at least 32 characters'], 'session').seal(used)
    const answer = await ask(connectHttp2(t, gateway), {
      ':path': '/catalog',
      cookie: `__Host-stagedoor=${value}`,
      'sec-fetch-mode': 'cors',
    })
    t.equal(answer.headers[':status'], 200)
    const [line = '', ...others] = answer.headers['set-cookie'] ?? []
    t.same(others, [], 'one line, and no name twice')
    const [pair = '', ...attributes] = line.split('; ')
    t.match(pair, /^__Host-stagedoor=[\w.-]+$/)
    const maxAge = Number(/Max-Age=(\d+)/.exec(line)?.[1])
    t.ok(maxAge > 0 && maxAge <= 3_600, `Max-Age=${maxAge}: no longer than the idle timeout of an hour`)
    t.same(
      attributes.filter((attribute) => !attribute.startsWith('Max-Age=')).toSorted(),
      ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
      'no Domain, no Expires',
    )
  },
)

t.test('over https the cookies of a pending login are limited in the same way', async (t) => {
  const baseUrl = 'https://portal.example.com'
  const auth0 = await startLocalAuth0({ callbacks: [`${baseUrl}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const config = { server: { baseUrl } }
  const gateway = await startGateway(t, { auth0, upstream: 'http://127.0.0.1:1', port: await freePort(), config })
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const answer = await request(`${gateway.directUrl}/.stagedoor/login`, { headers })
  t.equal(answer.statusCode, 302)
  await answer.body.dump()
  const lines = [answer.headers['set-cookie'] ?? []].flat()
  t.same(
    lines.map((line) => line.replace(/=.*/, '').replace(/\d$/, '')),
    ['__Host-stagedoor-tx.', '__Host-stagedoor-login'],
  )
  for (const line of lines) {
    const attributes = line.split('; ').filter((part) => !/^(?:__Host-|Max-Age=)/.test(part))
    t.same(attributes.toSorted(), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'], line.replace(/=.*/, ''))
  }
})
