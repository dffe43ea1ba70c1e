import { createPrivateKey } from 'node:crypto'

import { z } from 'zod'

import { issuerUrl } from '../values/addresses.ts'
import { always, duration, flag, refuse } from '../values/quantities.ts'
import { certificates, secretText } from '../values/secret.ts'
import { events } from './auth0-events.ts'

const auth0Shape = 'the origin of the tenant with a slash at its end, as Auth0 writes it'
const issuerExample = 'https://tenant.eu.auth0.com/'

// Issuers are compared as strings (OIDC Discovery §4.3), and Auth0's end with a slash.
const issuer = issuerUrl(issuerExample, 'logins').transform((text, context): string => {
  const { hostname, origin } = new URL(text)
  const isMeant = !hostname.endsWith('.auth0.com') || text === `${origin}/`
  return isMeant ? text : refuse(context, auth0Shape, `write ${origin}/`)
})

const domain = z.string('a host name').transform((text, context): string => {
  if (/^[a-z0-9.-]+(:\d+)?$/i.test(text) && URL.canParse(`https://${text}`)) return text.toLowerCase()
  const host = URL.parse(text)?.host || 'for example tenant.eu.auth0.com'
  return refuse(context, 'a host name without https:// and without slashes', `write ${host}`)
})

const claimNames = () => z.array(z.string().min(1), 'a list of full claim names')

export const claims = z
  .strictObject({
    roles: claimNames()
      .default(['https://stagedoor.example.com/roles', 'roles'])
      .meta({ description: 'Claims that hold a person’s roles. Auth0 drops an un-namespaced `roles`.' }),
    groups: claimNames()
      .default(['https://stagedoor.example.com/groups', 'groups'])
      .meta({ description: 'Claims that hold a person’s groups. Auth0 drops an un-namespaced `groups`.' }),
    permissions: claimNames()
      .default(['https://stagedoor.example.com/permissions', 'permissions'])
      .meta({ description: 'Claims that hold a person’s permissions.' }),
    preferredUsername: claimNames()
      .default(['preferred_username', 'nickname'])
      .meta({ description: 'Claims that hold a short name; Auth0 calls it `nickname`.' }),
  })
  .prefault({})
  .meta({
    description:
      'Where the ID token keeps what we need: full claim names (dots and slashes included), the first found wins. ' +
      '`*` stands for anything but a slash: `https://*/roles` is this claim in every namespace.',
  })

const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'one scope, without spaces'), 'a list of scopes')
  .refine((list) => list.includes('openid'), {
    message: 'a list that has openid',
    params: { fix: 'add openid: without it Auth0 issues no ID token, and every login fails' },
  })

const keyFix = 'make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048'

const privateKey = () =>
  secretText({ minLength: 1, fix: keyFix }).refine((key) => isRsaKey(key.reveal()), {
    message: 'an RSA private key of 2048 bits or more, as PKCS #8 PEM',
    params: { fix: keyFix },
  })

function isRsaKey(pem: string): boolean {
  if (!pem.includes('-----BEGIN PRIVATE KEY-----')) return false
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048 && asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

const tls = z
  .strictObject({
    ca: certificates().meta({
      description:
        'Authorities (PEM) that Stagedoor trusts beside those of Node when it asks Auth0 and other services: for a ' +
        'company’s proxy that looks into TLS, or a provider of your own.',
      'x-example': { $file: '/etc/stagedoor/company-ca.pem' },
    }),
  })
  .optional()
  .meta({ description: 'Certificates for requests that Stagedoor itself makes.' })

type Addressed = { issuer?: string | undefined; domain?: string | undefined }

const neither = {
  ...always,
  path: ['issuer'],
  message: 'auth0.issuer (or auth0.domain)',
  params: { fix: `add issuer: ${issuerExample}` },
}

const noCredential = {
  when: ({ value }: { value: unknown }) => hasLists(value),
  path: ['clientSecrets'],
  message: 'at least one secret',
}

function hasLists(value: unknown): boolean {
  const { clientSecrets, privateKeys } = (value ?? {}) as Record<string, unknown>
  return Array.isArray(clientSecrets) && Array.isArray(privateKeys)
}

const both = {
  ...always,
  path: ['domain'],
  message: 'auth0.issuer or auth0.domain, not both',
  params: { fix: 'remove auth0.domain' },
}

/** Auth0's issuer is its domain as a URL; `domain` is the spelling that Auth0's dashboard shows. */
function issuerOf({ issuer, domain }: Addressed): string {
  return issuer ?? `https://${domain}/`
}

export const auth0 = z
  .strictObject({
    issuer: issuer.optional().meta({
      description: 'The OpenID provider, spelled exactly as its discovery document does; Auth0’s ends with a slash.',
      'x-example': issuerExample,
      'x-env': 'AUTH0_ISSUER',
    }),
    domain: domain.optional().meta({
      description: 'Auth0 domain, instead of `issuer`.',
      'x-example': 'tenant.eu.auth0.com',
      'x-env': 'AUTH0_DOMAIN',
    }),
    clientId: z.string('the client id').min(1).meta({
      description: 'Client ID of the Regular Web Application in Auth0.',
      'x-example': 'hU2gRqWzX7pLkT0aYbN4cD9e',
      'x-env': 'AUTH0_CLIENT_ID',
    }),
    clientSecrets: z
      .array(secretText({ minLength: 1, fix: 'copy it from the application’s settings in Auth0' }), 'a list of secrets')
      .default([])
      .meta({
        description:
          'Client secrets: the first is used, the next is the fallback while rotating. One at least, unless `privateKeys` has one.',
        'x-example': [{ $file: '/run/secrets/auth0' }],
        'x-env': 'AUTH0_CLIENT_SECRET',
      }),
    privateKeys: z
      .array(privateKey(), 'a list of private keys')
      .max(2, 'at most two keys, as many as Auth0 keeps for an application')
      .default([])
      .meta({
        description:
          'RSA keys (PKCS #8 PEM) that authenticate the application instead of a secret (Private Key JWT, RS256); two while one is being replaced. Secrets beside them are the fallback.',
        'x-example': [{ $file: '/run/secrets/auth0-key.pem' }],
      }),
    audience: z.string('the identifier of an API').min(1).optional().meta({
      description: 'Identifier of the API in Auth0 for which people’s access tokens are asked.',
      'x-example': 'https://backstage.example.com/api',
      'x-env': 'AUTH0_AUDIENCE',
    }),
    scopes: scopes.default(['openid', 'profile', 'email', 'offline_access']).meta({
      description: 'Scopes asked for at login; without `offline_access` roles stay as they were at login.',
    }),
    organization: z.string('an organization id or name').min(1).optional().meta({
      description: 'The Auth0 organization for all logins.',
      'x-example': 'org_123',
    }),
    pushedAuthorization: z.enum(['auto', 'always', 'never'], 'auto, always or never').default('auto').meta({
      description:
        'Whether login requests are handed to Auth0 directly and not through the browser (RFC 9126; Enterprise with Highly Regulated Identity). `auto`: when its discovery document requires it; `always` for an application that requires it by its own settings.',
    }),
    prompt: z
      .enum(['login', 'select_account', 'consent'], 'login, select_account or consent')
      .optional()
      .meta({
        description:
          'What the login service asks people at every login, even where it has a session for them (OpenID Connect Core §3.1.2.1): `login` for their ' +
          'password or passkey, `select_account` for the account, `consent` for their agreement. By default it decides, and a session of its own signs people in silently.',
        'x-example': 'login',
      }),
    typedLogoutTokens: flag()
      .prefault(false)
      .meta({
        description:
          'Whether a back-channel logout has to say that it is one (`typ: logout+jwt`), so that no other token of the provider can be taken for it. ' +
          'For providers that write the type, such as Keycloak. Danger: Auth0 writes `JWT`, so that none of its logouts would be taken.',
      }),
    claims,
    events,
    tls,
    timeout: duration({ min: '1s', max: '1m' }).prefault('10s').meta({
      description:
        'How long one answer of Auth0 may take. The answer to a refresh of a session may take a minute, since what is cut off is lost.',
    }),
  })
  .refine(({ issuer, domain }) => issuer !== undefined || domain !== undefined, neither)
  .refine(({ issuer, domain }) => issuer === undefined || domain === undefined, both)
  .refine(({ clientSecrets, privateKeys }) => clientSecrets.length + privateKeys.length > 0, noCredential)
  .transform(({ issuer, domain, ...rest }) => ({ ...rest, issuer: issuerOf({ issuer, domain }) }))
  .meta({ description: 'The login service: an Auth0 application, or any OpenID provider with a discovery document.' })
