import t from 'tap'

import { fingerprint, secretFingerprints } from '../../src/config/fingerprints.ts'
import type { Config } from '../../src/config/schema.ts'
import { Secret } from '../../src/config/values/secret.ts'

t.test('fingerprints distinguish secrets and reveal none', async (t) => {
  t.equal(fingerprint('one'), fingerprint('one'))
  t.not(fingerprint('one'), fingerprint('two'))
  t.match(fingerprint('one'), /^[0-9a-f]{16}$/)
})

t.test('only the secrets in force are listed, by option and in order', async (t) => {
  const config = {
    auth0: {
      clientId: 'abc',
      clientSecrets: [new Secret('one'), new Secret('two')],
      privateKeys: [new Secret('a key')],
    },
    session: { secrets: [new Secret('three\n')] },
  } as unknown as Config
  t.same(secretFingerprints(config), {
    'auth0.clientSecrets': [fingerprint('one'), fingerprint('two')],
    'auth0.privateKeys': [fingerprint('a key')],
    'session.secrets': [fingerprint('three')],
  })
})
