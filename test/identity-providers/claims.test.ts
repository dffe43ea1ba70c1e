import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { loadConfig } from '../../src/config/load.ts'
import { mapUserClaims } from '../../src/oidc/map-user-claims.ts'
import { folderWith } from '../config/support.ts'

/** ID tokens as each provider documents them, read with the example configuration. */
const samples = {
  okta: {
    token: {
      sub: '00uid4BxXw6I6TV4m0g3',
      ver: 1,
      iss: 'https://example.okta.com/oauth2/default',
      aud: '0oa1b2c3d4E5f6G7h8i9',
      jti: 'ID.4eAWJOCMB3SX8XewDfVR',
      amr: ['pwd', 'mfa'],
      idp: '00ok1u7AsAkrwdZL3z0g3',
      auth_time: 1_700_000_000,
      name: 'Jane Doe',
      email: 'jane@example.com',
      email_verified: true,
      preferred_username: 'jane@example.com',
      groups: ['Everyone', 'platform-admin'],
    },
    mapped: {
      email: 'jane@example.com',
      roles: ['Everyone', 'platform-admin'],
      groups: ['Everyone', 'platform-admin'],
    },
  },
  entra: {
    token: {
      ver: '2.0',
      iss: 'https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      aud: '6cb04018-a3f5-46a7-b995-940c78f5aef3',
      name: 'Jane Doe',
      preferred_username: 'jane@example.com',
      oid: '00000000-0000-0000-66f3-3332eca7ea81',
      tid: '9122040d-6c67-4c5b-b112-36a304b66dad',
      roles: ['platform-admin'],
      groups: ['0ab2a1d9-7c1b-4f6e-8d0c-3a51cf0a3d11'],
    },
    mapped: {
      preferred_username: 'jane@example.com',
      roles: ['platform-admin'],
      groups: ['0ab2a1d9-7c1b-4f6e-8d0c-3a51cf0a3d11'],
      email_verified: undefined,
    },
  },
  google: {
    token: {
      iss: 'https://accounts.google.com',
      azp: '1234567890-abcdefghijklmnop.apps.googleusercontent.com',
      aud: '1234567890-abcdefghijklmnop.apps.googleusercontent.com',
      sub: '10769150350006150715113082367',
      at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
      hd: 'example.com',
      email: 'jane@example.com',
      email_verified: true,
      name: 'Jane Doe',
      picture: 'https://lh3.googleusercontent.com/a/picture',
    },
    mapped: { email: 'jane@example.com', email_verified: true, roles: [], groups: [] },
  },
  cognito: {
    token: {
      iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aB3dE5gH7',
      aud: '1h57kf5cpq17m0eml12EXAMPLE',
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      token_use: 'id',
      auth_time: 1_700_000_000,
      origin_jti: 'f2c3b4a5-0000-4a1b-9c8d-7e6f5a4b3c2d',
      'cognito:username': 'jane',
      'cognito:groups': ['platform-admin'],
      email: 'jane@example.com',
      email_verified: true,
    },
    mapped: { preferred_username: 'jane', email_verified: true, roles: ['platform-admin'], groups: ['platform-admin'] },
  },
  keycloak: {
    token: {
      iss: 'https://sso.example.com/realms/stagedoor',
      aud: 'stagedoor',
      sub: 'f3a2c1d0-8b7e-4a55-9c1d-2e6f7a8b9c0d',
      typ: 'ID',
      azp: 'stagedoor',
      sid: '6f5e4d3c-2b1a-4c3d-8e9f-0a1b2c3d4e5f',
      acr: '1',
      email_verified: true,
      name: 'Jane Doe',
      preferred_username: 'jane',
      email: 'jane@example.com',
      roles: ['offline_access', 'default-roles-stagedoor', 'stagedoor-admin'],
      groups: ['platform'],
    },
    mapped: { preferred_username: 'jane', groups: ['platform'] },
  },
}

for (const [provider, { token, mapped }] of Object.entries(samples)) {
  t.test(`the example for ${provider} loads, and reads the claims of its ID tokens`, async (t) => {
    const folder = await folderWith(t, {
      'auth0-client-secret': 'pZ3kN8xQ1vT6yB4mR9wL2cF7hJ5dG0sA\n',
      session: 'an example that is long enough to be used\n',
    })
    const file = join(repositoryRoot, `examples/identity-providers/${provider}.yaml`)
    const { config, warnings } = await loadConfig({ files: [file], env: { STAGEDOOR_SECRETS_FOLDER: folder } })
    // Logins at Cognito, Google and Keycloak request no offline_access; docs/identity-providers.md says why.
    const expected = config.auth0.scopes.includes('offline_access') ? [] : [{ path: ['auth0', 'scopes'] }]
    t.match(warnings, expected)
    t.equal(warnings.length, expected.length)
    t.equal(config.auth0.issuer, token.iss, 'the issuer to the letter')
    t.match(mapUserClaims(token, config.auth0.claims), mapped)
  })
}
