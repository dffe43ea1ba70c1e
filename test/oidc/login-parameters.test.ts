import t from 'tap'

import { authorizationParameters } from '../../src/oidc/authorization-request.ts'
import { readLoginParameters } from '../../src/oidc/login-parameters.ts'
import { organizationOf } from '../../src/oidc/organization.ts'

const issuer = 'https://tenant.eu.auth0.com/'

t.test('the known parameters of a login link are read, and all others are ignored', async (t) => {
  const query = {
    return_to: '/a',
    connection: 'google',
    login_hint: 'jane',
    iss: issuer,
    prompt: 'none',
    organization: '',
  }
  t.same(readLoginParameters(query, issuer), { return_to: '/a', connection: 'google', login_hint: 'jane', iss: issuer })
})

t.test('a third party may start a login only at our own provider, with or without the trailing slash', async (t) => {
  t.same(readLoginParameters({ iss: 'https://tenant.eu.auth0.com' }, issuer).iss, 'https://tenant.eu.auth0.com')
  t.throws(() => readLoginParameters({ iss: 'https://evil.example/' }, issuer), {
    code: 'STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER',
  })
})

t.test('a parameter that is repeated, too long or lacks its companion is refused', async (t) => {
  const refused = { code: 'STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER' }
  t.throws(() => readLoginParameters({ return_to: ['/a', '/b'] }, issuer), refused)
  t.throws(() => readLoginParameters({ login_hint: 'x'.repeat(3_000) }, issuer), refused)
  t.throws(() => readLoginParameters({ invitation: 'abc' }, issuer), refused)
  t.same(readLoginParameters({ invitation: 'abc', organization: 'org_1' }, issuer), {
    invitation: 'abc',
    organization: 'org_1',
  })
})

t.test('a link may choose the organization only if configuration does not', async (t) => {
  t.equal(organizationOf({}, undefined), undefined)
  t.equal(organizationOf({ organization: 'org_1' }, undefined), 'org_1')
  t.equal(organizationOf({}, 'org_1'), 'org_1')
  t.equal(organizationOf({ organization: 'org_1' }, 'org_1'), 'org_1')
  const session = { claims: { roles: [], groups: [], permissions: [], org_id: 'org_3' } }
  t.equal(organizationOf({}, undefined, session), 'org_3', 'a second factor is for the organization of the session')
  t.equal(organizationOf({ organization: 'org_1' }, undefined, session), 'org_1')
  t.throws(() => organizationOf({ organization: 'org_2' }, 'org_1'), { code: 'STAGEDOOR_OIDC_BAD_LOGIN_PARAMETER' })
})

t.test('the request to the provider has PKCE, state and nonce, and only the given parameters', async (t) => {
  const request = {
    redirectUri: 'https://portal.example.com/.stagedoor/callback',
    scopes: ['openid', 'profile'],
    audience: 'https://portal.example.com/api',
    organization: 'org_1',
    state: 's',
    nonce: 'n',
    codeChallenge: 'c',
  }
  t.same(authorizationParameters(request, { return_to: '/a', login_hint: 'jane', iss: issuer }), {
    response_type: 'code',
    redirect_uri: 'https://portal.example.com/.stagedoor/callback',
    scope: 'openid profile',
    audience: 'https://portal.example.com/api',
    state: 's',
    nonce: 'n',
    code_challenge: 'c',
    code_challenge_method: 'S256',
    organization: 'org_1',
    login_hint: 'jane',
  })
})
