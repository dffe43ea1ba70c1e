import t from 'tap'

import { capabilitiesOf } from '../../src/oidc/discovery.ts'

const issuer = 'https://tenant.eu.auth0.com/'
const auth0 = { issuer, token_endpoint: `${issuer}oauth/token` }

t.test('the features of a tenant are read from its discovery document, and missing ones are reported', async (t) => {
  t.same(capabilitiesOf(auth0), {
    endSession: 'auth0-v2-logout',
    backchannelLogout: 'not-offered',
    pushedAuthorization: 'not-offered',
  })
  const enterprise = {
    ...auth0,
    end_session_endpoint: `${issuer}oidc/logout`,
    backchannel_logout_supported: true,
    pushed_authorization_request_endpoint: `${issuer}oauth/par`,
  }
  t.same(capabilitiesOf(enterprise), {
    endSession: 'rp-initiated-logout',
    backchannelLogout: 'offered',
    pushedAuthorization: 'offered',
  })
  t.match(capabilitiesOf({ ...enterprise, require_pushed_authorization_requests: true }), {
    pushedAuthorization: 'required',
  })
  t.match(capabilitiesOf({ issuer: 'https://id.example.com' }), { endSession: 'none' })
})
