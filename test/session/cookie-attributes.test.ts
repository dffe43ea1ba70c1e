import t from 'tap'

import { createSealer } from '../../src/seal/sealer.ts'
import { ask, connectHttp2, startTlsGateway } from '../listener/support.ts'
import { sessionOf } from '../support/sessions.ts'

t.test(
  'over https the session’s cookie is for this host, this scheme and no script (RFC 6265bis §4.1.3.2)',
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
    const [line = ''] = answer.headers['set-cookie'] ?? []
    const [pair = '', ...attributes] = line.split('; ')
    t.match(pair, /^__Host-stagedoor=[\w.-]+$/)
    t.same(
      attributes.filter((attribute) => !attribute.startsWith('Max-Age=')).toSorted(),
      ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
      'no Domain, no Expires',
    )
  },
)
