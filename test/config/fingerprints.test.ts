import t from 'tap'

import { fingerprint, secretFingerprints } from '../../src/config/fingerprints.ts'
import { Secret } from '../../src/config/values/secret.ts'

t.test('a fingerprint tells secrets apart and shows none', async (t) => {
  t.equal(fingerprint('one'), fingerprint('one'))
  t.not(fingerprint('one'), fingerprint('two'))
  t.match(fingerprint('one'), /^[0-9a-f]{16}$/)
})

t.test('the secrets in force are listed by option, in order, and nothing else is', async (t) => {
  const config = {
    auth0: { clientId: 'abc', clientSecrets: [new Secret('one'), new Secret('two')] },
    session: { secrets: [new Secret('three\n')] },
  }
  t.same(secretFingerprints(config), {
    'auth0.clientSecrets': [fingerprint('one'), fingerprint('two')],
    'session.secrets': [fingerprint('three')],
  })
  t.same(secretFingerprints({}), {})
  t.same(secretFingerprints({ auth0: { clientSecrets: ['not of the type'] } }), { 'auth0.clientSecrets': [] })
})
