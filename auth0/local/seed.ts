import { managementScopes } from './management/scopes.ts'
import type { Lifetimes, LocalApi, LocalClient, LocalOrganization, LocalUser } from './model.ts'

/** The password of every demo user. */
export const demoPassword = 'stagedoor'
/** The code that the second-factor page accepts. */
export const demoOneTimeCode = '123456'
export const demoAudience = 'https://backstage.example.com/api'
export const demoConnections = ['Username-Password-Authentication', 'google-oauth2', 'okta-workforce']

export const demoLifetimes: Lifetimes = {
  idTokenSeconds: 36_000,
  userinfoTokenSeconds: 86_400,
  refreshTokenSeconds: 30 * 86_400,
  sessionSeconds: 3 * 86_400,
  rotationLeewaySeconds: 0,
}

export function demoUsers(): LocalUser[] {
  return [
    {
      id: 'auth0|64f1c0ffee0000000000a001',
      email: 'jane@example.com',
      emailVerified: true,
      name: 'Jane Doe',
      nickname: 'jane',
      roles: ['platform-admin', 'stagedoor-admin'],
      groups: ['platform', 'everyone'],
      permissions: ['read:catalog', 'write:catalog', 'admin:platform'],
      organizations: ['org_demo'],
      blocked: false,
    },
    {
      id: 'auth0|64f1c0ffee0000000000a002',
      email: 'max@example.com',
      emailVerified: true,
      name: 'Max Muster',
      nickname: 'max',
      roles: ['developer'],
      groups: ['web', 'everyone'],
      permissions: ['read:catalog'],
      organizations: ['org_demo'],
      blocked: false,
    },
    {
      id: 'auth0|64f1c0ffee0000000000a003',
      email: 'eve@example.com',
      emailVerified: false,
      name: 'Eve Unverified',
      nickname: 'eve',
      roles: [],
      groups: [],
      permissions: [],
      organizations: [],
      blocked: false,
    },
    {
      id: 'auth0|64f1c0ffee0000000000a004',
      email: 'bob@example.com',
      emailVerified: true,
      name: 'Bob Blocked',
      nickname: 'bob',
      roles: ['developer'],
      groups: ['everyone'],
      permissions: ['read:catalog'],
      organizations: [],
      blocked: true,
    },
  ]
}

export function demoOrganizations(): LocalOrganization[] {
  return [
    { id: 'org_demo', name: 'demo', displayName: 'Demo Company' },
    { id: 'org_other', name: 'other', displayName: 'Other Company' },
    { id: 'org_big', name: 'big', displayName: 'Big Company' },
  ]
}

export function demoApis(): LocalApi[] {
  return [
    {
      identifier: demoAudience,
      name: 'Backstage',
      scopes: ['read:catalog', 'write:catalog', 'admin:platform'],
      dialect: 'auth0',
      lifetimeSeconds: 86_400,
    },
    {
      identifier: 'https://rfc9068.example.com/api',
      name: 'An API with the RFC 9068 token profile',
      scopes: ['read:catalog'],
      dialect: 'rfc9068',
      lifetimeSeconds: 86_400,
    },
  ]
}

/** Auth0's own API is an API of the tenant as well. */
export function managementApi(identifier: string): LocalApi {
  return {
    identifier,
    name: 'Auth0 Management API',
    scopes: managementScopes,
    dialect: 'auth0',
    lifetimeSeconds: 86_400,
  }
}

export const defaultInitiators = ['rp-logout', 'idp-logout']

/** A new application with the tenant's defaults. */
export function newClient(clientId: string, clientSecret: string): LocalClient {
  return {
    clientId,
    clientSecret,
    name: '',
    grantTypes: ['authorization_code', 'refresh_token'],
    callbacks: [],
    logoutUrls: [],
    backchannelLogoutUrls: [],
    backchannelLogoutInitiators: defaultInitiators,
    apiScopes: {},
  }
}

export function demoClients(): LocalClient[] {
  return [
    { ...newClient('stagedoor-demo', 'stagedoor-demo-secret-for-local-use-only'), name: 'Stagedoor' },
    {
      ...newClient('stagedoor-machine', 'stagedoor-machine-secret-for-local-use-only'),
      name: 'A machine',
      grantTypes: ['client_credentials'],
      apiScopes: { [demoAudience]: ['read:catalog'], 'https://rfc9068.example.com/api': ['read:catalog'] },
    },
    {
      ...newClient('stagedoor-management', 'stagedoor-management-secret-for-local-use-only'),
      name: 'Management',
      grantTypes: ['client_credentials'],
      managementScopes,
    },
  ]
}
