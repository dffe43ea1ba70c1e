import t from 'tap'

import { checkAddresses } from '../../src/oidc/discovery.ts'

const issuer = 'https://tenant.example.com/'
const good = {
  issuer,
  authorization_endpoint: `${issuer}authorize`,
  token_endpoint: `${issuer}oauth/token`,
  jwks_uri: `${issuer}jwks.json`,
}

t.test('a discovery document with the addresses that a login needs is accepted', async (t) => {
  t.doesNotThrow(() => checkAddresses(good))
  t.doesNotThrow(() => checkAddresses({ ...good, end_session_endpoint: `${issuer}logout` }))
})

for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint']) {
  for (const address of [null, 42, '', 'no address', 'javascript:0', 'http://tenant.example.com/', {}]) {
    t.test(`${name} ${JSON.stringify(address)} is refused`, async (t) => {
      t.throws(() => checkAddresses({ ...good, [name]: address }), { message: `no usable ${name}` })
    })
  }
}

t.test('plain http is accepted only for an issuer on localhost', async (t) => {
  const local = { ...good, issuer: 'http://localhost:3000/', token_endpoint: 'http://localhost:3000/oauth/token' }
  t.doesNotThrow(() => checkAddresses(local))
})
