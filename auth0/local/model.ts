export type LocalUser = {
  id: string
  email: string
  emailVerified: boolean
  name: string
  nickname: string
  roles: string[]
  groups: string[]
  permissions: string[]
  /** Organization ids the user is a member of. */
  organizations: string[]
  blocked: boolean
  /** ISO 8601; default: the day the demo tenant was made. */
  createdAt?: string
  /** Claims an Action would set on both tokens; reserved names are dropped silently, as Auth0 does. */
  customClaims?: Record<string, unknown>
}

export type LocalOrganization = { id: string; name: string; displayName: string }

export type LocalApi = {
  identifier: string
  name: string
  scopes: string[]
  dialect: 'auth0' | 'rfc9068'
  lifetimeSeconds: number
  /** Settings that the stand-in only remembers. */
  settings?: Record<string, unknown>
}

export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials'

export type LocalCredential = { id: string; name: string; pem: string; createdAt?: string; expiresAt?: string }

export type LocalClient = {
  clientId: string
  clientSecret: string
  name: string
  grantTypes: GrantType[]
  callbacks: string[]
  logoutUrls: string[]
  backchannelLogoutUrls: string[]
  /** Events that make Auth0 send a logout token; Auth0's default is the two logouts only. */
  backchannelLogoutInitiators: 'all' | string[]
  /** Client grants: API identifier → scopes a client-credentials token may carry. */
  apiScopes: Record<string, string[]>
  /** The same for the Management API, whose identifier depends on the issuer. */
  managementScopes?: string[]
  /** Public keys that the application may sign with (Private Key JWT), at most two. */
  credentials?: LocalCredential[]
  /** Ids of those that are in use; when there are any, the secret is not accepted. */
  activeCredentials?: string[]
  /** Settings that the stand-in only remembers. */
  settings?: Record<string, unknown>
}

/** Created roles, Actions and event streams, which the local Auth0 stores and lists without executing them. */
export type Configuration = {
  roles: { name: string; description?: string }[]
  actions: LocalAction[]
  /** By trigger, in the order of the flow. */
  bindings: Map<string, { actionId: string; displayName: string }[]>
  eventStreams: Record<string, unknown>[]
  /** Each is on for every application. */
  connections: LocalConnection[]
}

export type LocalConnection = { name: string; strategy: string; options: Record<string, unknown> }

export type LocalAction = Record<string, unknown> & {
  id: string
  name: string
  /** A new one is built in a moment, and can be deployed from then on. */
  status: 'pending' | 'built'
  deployedCode?: string
  deployedAtMs?: number
}

/** The scopes granted to a client for an API; undefined without a client grant. */
export function grantedScopes({ apiScopes }: LocalClient, api: string): string[] | undefined {
  return Object.hasOwn(apiScopes, api) ? apiScopes[api] : undefined
}

export type Lifetimes = {
  idTokenSeconds: number
  userinfoTokenSeconds: number
  refreshTokenSeconds: number
  sessionSeconds: number
  /** "Rotation Overlap Period": how long the immediately previous refresh token still works. */
  rotationLeewaySeconds: number
}

/** The state of one login through /authorize, from which all its tokens are made. */
export type LoginRecord = {
  grantId: string
  clientId: string
  userId: string
  /** One value per SSO session, the same for every application and across refreshes. */
  sid: string
  scopes: string[]
  audience?: string
  organizationId?: string
  authTimeSeconds?: number
  /** True until the ID token of this login was issued: Auth0 drops `amr` on refresh. */
  mfaJustPassed: boolean
}

export const multiFactorAcr = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'
export const claimNamespace = 'https://stagedoor.example.com/'
export const identityScopes = ['openid', 'profile', 'email', 'offline_access']
