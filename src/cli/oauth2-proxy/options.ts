/** `moves`: converted. `always`: the default behaviour, without an option. `hand`: a person has to configure it. `none`: no counterpart. */
type Fate = 'moves' | 'always' | 'hand' | 'none'

type OptionRow = {
  /** The flag, without its dashes. */
  name: string
  /** The name in files. Some repeatable options have a plural name there. */
  key: string
  /** Whether it can have several values, separated by commas. */
  isList: boolean
  fate: Fate
  /** The counterpart in Stagedoor, or what to do. Markdown. */
  here: string
}

const providersOwn = 'put people into groups or roles at the login service, and name those in the rules'

/**
 * Each option of oauth2-proxy (7.15, its classic configuration): name, fate, and the counterpart or what to do. An option with
 * several values is marked with `(s)` if its name in files is plural, otherwise with `[]`. docs/moving-from-oauth2-proxy.md has the
 * same table; a test compares them.
 */
const table = [
  // The login service
  'provider | hand | Stagedoor speaks OpenID Connect: `oidc` and `keycloak-oidc` move as they are; connect another kind of provider to Auth0',
  'oidc-issuer-url | moves | `auth0.issuer`',
  'client-id | moves | `auth0.clientId`',
  'client-secret | moves | `auth0.clientSecrets`, from the environment variable `AUTH0_CLIENT_SECRET`: the secret itself is not printed',
  'client-secret-file | moves | `auth0.clientSecrets`, as `$file`',
  'jwt-key | moves | `auth0.privateKeys`, from the environment variable `AUTH0_PRIVATE_KEY`',
  'jwt-key-file | moves | `auth0.privateKeys`, as `$file`',
  'scope | moves | `auth0.scopes`; `offline_access` is added, without which roles stay as they were at login',
  'redirect-url | moves | `server.baseUrl`, its scheme and host. Register `<baseUrl>/.stagedoor/callback` at the login service',
  'relative-redirect-url | none | the callback is below `server.baseUrl`',
  'oidc-groups-claim | moves | `auth0.claims.groups`',
  'provider-ca-file(s) | moves | `auth0.tls.ca`, one file',
  'use-system-trust-store | none | Node’s own authorities count always, beside `auth0.tls.ca`',
  'oidc-email-claim | none | the e-mail address is the claim `email`, and counts only if it is verified',
  'user-id-claim | none | people are known by `sub`',
  'oidc-audience-claim(s) | none | the audience of an ID token is `aud`',
  'oidc-extra-audience(s) | hand | for access tokens: `machines.audiences`. An ID token must be for `auth0.clientId`',
  'code-challenge-method | always | S256',
  'force-code-challenge-method | always | S256',
  'prompt | hand | `auth0.prompt`: `login`, `select_account` or `consent`',
  'approval-prompt | none | an option of Google’s',
  'acr-values | hand | a rule that asks for a second factor: `allow: { mfa: { within: 15m } }`',
  'backend-logout-url | always | sign-out ends the session at the login service, too',
  'insecure-oidc-skip-nonce | none | the nonce is verified',
  'insecure-oidc-skip-issuer-verification | none | the issuer is verified',
  'insecure-oidc-allow-unverified-email | none | only verified addresses count in rules',
  'skip-oidc-discovery | none | endpoints and keys come from the discovery document',
  'oidc-jwks-url | none | from the discovery document',
  'oidc-public-key-file(s) | none | keys come from the discovery document',
  'oidc-enabled-signing-alg(s) | none | RS256 and what else is asymmetric; the discovery document says what the issuer uses',
  'login-url | none | from the discovery document',
  'redeem-url | none | from the discovery document',
  'profile-url | none | claims come from the ID token',
  'validate-url | none | tokens are verified by signature',
  'pubjwk-url | none | an option of login.gov’s',
  'resource | none | an option of Azure’s',
  'skip-claims-from-profile-url | always | claims come from the ID token',
  'auth-request-response-mode | none | the answer comes in the query',
  'provider-display-name | none | there is no page before the login page',
  'skip-provider-button | always | a navigation goes to the login page at once',

  // Access
  'email-domain(s) | moves | `emailDomains` in the rules; `*` is `authenticated`',
  'allowed-group(s) | moves | `groups` in the rules',
  'allowed-role(s) | moves | `roles` in the rules',
  'authenticated-emails-file | hand | give those people a role or group at the login service, and name it in the rules',
  'skip-auth-route(s) | moves | a rule with `allow: public`, where the pattern is a plain path or its beginning',
  'skip-auth-regex[] | moves | as `skip-auth-route`',
  'skip-auth-preflight | hand | a rule with `methods: [OPTIONS]` and `allow: public`, for the paths that need it',
  'api-route(s) | always | only a navigation is sent to the login page; everything else gets 401 as JSON',
  'force-json-errors | always | for everything but navigations',
  'trusted-ip(s) | none | an address is no identity: give such callers a token (docs/machines.md)',
  'skip-jwt-bearer-tokens | hand | `machines.audiences`: access tokens for these are verified, see docs/machines.md',
  'extra-jwt-issuers[] | moves | `machines.issuers`',
  'bearer-token-login-fallback | none | a bad token gets 401 and why',
  'htpasswd-file | none | people log in at the login service only',
  'htpasswd-user-group(s) | none | see `htpasswd-file`',
  'display-htpasswd-form | none | see `htpasswd-file`',
  'whitelist-domain(s) | none | after login and logout people return to pages of `server.baseUrl`',

  // Providers that do not speak OpenID Connect, or that have their own options
  `keycloak-group(s) | hand | ${providersOwn}`,
  `azure-tenant | hand | ${providersOwn}`,
  `azure-graph-group-field | hand | ${providersOwn}`,
  `entra-id-allowed-tenant(s) | hand | ${providersOwn}`,
  `entra-id-federated-token-auth | hand | ${providersOwn}`,
  `bitbucket-team | hand | ${providersOwn}`,
  `bitbucket-repository | hand | ${providersOwn}`,
  `github-org | hand | ${providersOwn}`,
  `github-team | hand | ${providersOwn}`,
  `github-repo | hand | ${providersOwn}`,
  `github-token | hand | ${providersOwn}`,
  `github-user(s) | hand | ${providersOwn}`,
  `gitlab-group(s) | hand | ${providersOwn}`,
  `gitlab-project(s) | hand | ${providersOwn}`,
  `google-group(s) | hand | ${providersOwn}`,
  `google-admin-email | hand | ${providersOwn}`,
  `google-service-account-json | hand | ${providersOwn}`,
  `google-use-application-default-credentials | hand | ${providersOwn}`,
  `google-target-principal | hand | ${providersOwn}`,
  `google-use-organization-id | hand | ${providersOwn}`,
  `google-admin-api-user-scope | hand | ${providersOwn}`,

  // Upstreams, and the headers that they get
  'upstream(s) | moves | `upstreams`, and a rule for the path; `file:` and `static:` have no counterpart',
  'upstream-timeout | moves | `upstreams.<name>.timeouts.headers`',
  'ssl-upstream-insecure-skip-verify | none | name the authority in `upstreams.<name>.tls.ca`',
  'pass-host-header | always | an upstream sees the host that the client addressed',
  'proxy-websockets | always | WebSockets pass, and end with the session',
  'flush-interval | always | nothing is held back',
  'disable-keep-alives | none | connections are kept',
  'pass-user-headers | hand | Backstage verifies `X-Stagedoor-Assertion`. For an upstream that reads `X-Forwarded-User`: `upstreams.<name>.assertion.headers: [oauth2-proxy]`; nothing signs those',
  'set-xauthrequest | hand | as `pass-user-headers`; for forward-auth see docs/forward-auth.md',
  'prefer-email-to-user | hand | as `pass-user-headers`',
  'pass-access-token | none | tokens stay in the gateway',
  'pass-authorization-header | none | tokens stay in the gateway',
  'set-authorization-header | none | tokens stay in the gateway',
  'pass-basic-auth | none | tokens and passwords stay in the gateway',
  'set-basic-auth | none | see `pass-basic-auth`',
  'basic-auth-password | none | see `pass-basic-auth`',
  'skip-auth-strip-headers | always | headers that only the gateway sets are stripped from every request',
  'signature-key | always | the assertion is signed; keys change by themselves',

  // Sessions and cookies
  'cookie-secret | moves | `session.secrets`, a new secret from the environment variable `STAGEDOOR_SESSION_SECRET`: people log in once more',
  'cookie-secret-file | moves | as `cookie-secret`',
  'cookie-expire | moves | `session.absoluteTimeout`; `session.idleTimeout` is new',
  'cookie-refresh | moves | `session.refreshEvery`',
  'cookie-name | none | `__Host-stagedoor`, which no other host can set',
  'cookie-domain(s) | none | the cookie is for one host',
  'cookie-path | none | `/`',
  'cookie-secure | always | but for a plain http localhost',
  'cookie-httponly | always',
  'cookie-samesite | always | `Lax`',
  'cookie-csrf-per-request | always | each login has a cookie of its own',
  'cookie-csrf-per-request-limit | none | a few logins may be under way in a browser',
  'cookie-csrf-expire | none | fixed',
  'cookie-csrf-samesite | none | fixed',
  'encode-state | none | the state is random and means nothing',
  'session-store-type | moves | `session.store`',
  'session-cookie-minimal | none | the cookie holds mapped claims and the refresh token, sealed',
  'redis-connection-url | moves | `session.redis.url`; with a password in it, the environment variable `STAGEDOOR_REDIS_URL`',
  'redis-username | moves | `session.redis.username`',
  'redis-password | moves | `session.redis.password`, from the environment variable `STAGEDOOR_REDIS_PASSWORD`',
  'redis-ca-path | moves | `session.redis.tls.ca`; the URLs have to be `rediss://`',
  'redis-insecure-skip-tls-verify | none | name the authority in `session.redis.tls.ca`',
  'redis-use-sentinel | moves | `session.redis.sentinel`',
  'redis-sentinel-master-name | moves | `session.redis.sentinel.primary`',
  'redis-sentinel-connection-urls[] | moves | `session.redis.sentinel.nodes`',
  'redis-sentinel-password | none | sentinels are asked without one',
  'redis-use-cluster | moves | `session.redis.cluster`',
  'redis-cluster-connection-urls[] | moves | `session.redis.cluster.nodes`',
  'redis-connection-idle-timeout | always | the connection is kept alive',

  // Listening
  'http-address | moves | `server.listen`',
  'https-address | moves | `server.listen`, with `tls-cert-file`',
  'tls-cert-file | moves | `server.tls.certificate`',
  'tls-key-file | moves | `server.tls.key`',
  'tls-min-version | none | TLS 1.2 at least',
  'tls-cipher-suite(s) | none | TLS 1.3, and ECDHE with GCM or ChaCha20',
  'force-https | none | whatever does TLS redirects',
  'reverse-proxy | hand | name the networks of the proxies in `server.trustedProxies`; without them no forwarded header is trusted',
  'trusted-proxy-ip(s) | moves | `server.trustedProxies`',
  'real-client-ip-header | none | `X-Forwarded-For` from `server.trustedProxies`',
  'metrics-address | moves | `server.admin`',
  'metrics-secure-address | none | the admin listener speaks http; keep it inside',
  'metrics-tls-cert-file | none | see `metrics-secure-address`',
  'metrics-tls-key-file | none | see `metrics-secure-address`',
  'proxy-prefix | none | `/.stagedoor` (`server.prefix`): `/oauth2` belongs to Backstage',
  'ping-path | none | `/.stagedoor/health/live`',
  'ping-user-agent | none | see `ping-path`',
  'ready-path | none | `/.stagedoor/health/ready`',
  'gcp-healthchecks | none | see `ping-path`',
  'allow-query-semicolons | none | queries pass as they are',
  'ssl-insecure-skip-verify | none | name the authority in `auth0.tls.ca`',

  // Pages and logs
  'custom-templates-dir | hand | `pages.name`, `pages.color`, `pages.support`',
  'custom-sign-in-logo | hand | `pages.logo`',
  'banner | none | there is no sign-in page',
  'footer | none | there is no sign-in page',
  'show-debug-on-error | none | a page has a request id, and the log the reason',
  'auth-logging | always | in the audit trail (docs/audit.md)',
  'auth-logging-format | none | JSON lines',
  'request-logging | always | one line a request',
  'request-logging-format | none | JSON lines',
  'standard-logging | always',
  'standard-logging-format | none | JSON lines',
  'exclude-logging-path(s) | hand | `log.requests.quiet`',
  'silence-ping-logging | always | `log.requests.quiet` has the probes',
  'errors-to-info-log | none | standard output, with a level',
  'logging-local-time | none | UTC',
  'logging-filename | none | standard output; the audit trail has files (`audit.sinks`)',
  'logging-max-size | none | see `logging-filename`',
  'logging-max-age | none | see `logging-filename`',
  'logging-max-backups | none | see `logging-filename`',
  'logging-compress | none | see `logging-filename`',
  'request-id-header | none | `X-Request-Id`',
]

/** An option, and its counterpart or what to do about it. */
export type Note = { option: string; text: string }

/** All options, by their name in files. */
export const optionsByKey: ReadonlyMap<string, OptionRow> = new Map(
  table.map(optionRowOf).map((option) => [option.key, option]),
)

function optionRowOf(line: string): OptionRow {
  const [flag = '', fate, here = ''] = line.split(' | ')
  const [, name = '', more] = /^([a-z0-9-]+)(\(s\)|\[\])?$/.exec(flag) ?? []
  const key = `${name.replaceAll('-', '_')}${more === '(s)' ? 's' : ''}`
  return { name, key, isList: more !== undefined, fate: fate as Fate, here }
}
