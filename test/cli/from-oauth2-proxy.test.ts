/** `stagedoor check --from-oauth2-proxy` prints configuration that starts and admits no additional people. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t, { type Test } from 'tap'
import { parse } from 'yaml'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { optionsByKey } from '../../src/cli/oauth2-proxy/options.ts'
import { readSettings } from '../../src/cli/oauth2-proxy/read.ts'
import { publicRules, upstreamOf } from '../../src/cli/oauth2-proxy/routes.ts'
import { loadConfig } from '../../src/config/load.ts'
import { folderWith } from '../config/support.ts'
import { runCommand } from '../support/command.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const certificate = readFileSync(join(repositoryRoot, 'test/support/tls/ca.pem'), 'utf8')
const environment = {
  AUTH0_ISSUER: 'https://tenant.eu.auth0.com/',
  AUTH0_CLIENT_ID: 'abc',
  AUTH0_CLIENT_SECRET: '0123456789',
  AUTH0_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  BACKSTAGE_URL: 'http://127.0.0.1:7007',
  STAGEDOOR_BASE_URL: 'https://portal.example.com',
  STAGEDOOR_REDIS_URL: 'rediss://redis',
  STAGEDOOR_REDIS_PASSWORD: 'a password',
  STAGEDOOR_SESSION_SECRET: '0123456789abcdef0123456789abcdef',
}

async function run(t: Test, files: Record<string, string>) {
  const folder = await folderWith(t, files)
  const paths = Object.keys(files).map((name) => join(folder, name))
  return runCommand(['check', '--from-oauth2-proxy', ...paths], { folder })
}

/** The configuration converted from these files. It must be valid for a start. */
async function converted(t: Test, files: Record<string, string>) {
  const { out, err } = await run(t, files)
  const folder = await folderWith(t, { 'stagedoor.yaml': out })
  await t.resolves(loadConfig({ files: [join(folder, 'stagedoor.yaml')], env: environment, readText: readAny }), out)
  return { config: parse(out), err }
}

const files = new Map([
  ['/k.pem', environment.AUTH0_PRIVATE_KEY],
  ['/ca.pem', certificate],
  ['/etc/redis.pem', certificate],
])
const readAny = async (file: string): Promise<string> =>
  file.endsWith('stagedoor.yaml') ? readFileSync(file, 'utf8') : (files.get(file) ?? 'what the file holds')

const cfg = `
provider = "oidc"
oidc_issuer_url = "https://tenant.eu.auth0.com/"
client_id = "abc"
client_secret = "hunter2"
cookie_secret = "hunter2hunter2hunter2hunter2hunt"
cookie_expire = "8h0m0s"
cookie_refresh = "10m"
scope = "openid profile email groups"
oidc_groups_claim = "https://example.com/groups"
redirect_url = "https://portal.example.com/oauth2/callback"
http_address = "0.0.0.0:4180"
metrics_address = "127.0.0.1:9100"
reverse_proxy = true
trusted_proxy_ips = ["10.0.0.0/8", "192.168.1.4", "fd00::1"]
email_domains = ["example.com"]
allowed_groups = ["platform"]
upstreams = ["http://backstage:7007", "http://docs:8080/docs/", "file:///var/www/#/static/"]
upstream_timeout = "2m"
skip_auth_routes = ["GET=^/healthcheck$", "^/docs/public", "^/a(b|c)"]
session_store_type = "redis"
redis_connection_url = "rediss://:hunter2@redis:6379/0"
redis_ca_path = "/etc/redis.pem"
extra_jwt_issuers = ["https://ci.example.com/=backstage"]
pass_access_token = true
zebra = 1
`

t.test('a complete file converts to configuration that starts, and each option is accounted for', async (t) => {
  const { config, err } = await converted(t, { 'oauth2-proxy.cfg': cfg })
  const allow = { all: [{ emailDomains: ['example.com'] }, { groups: ['platform'] }] }
  t.same(config, {
    server: {
      baseUrl: 'https://portal.example.com',
      listen: { host: '0.0.0.0', port: 4180 },
      trustedProxies: ['10.0.0.0/8', '192.168.1.4/32', 'fd00::1/128'],
      admin: { host: '127.0.0.1', port: 9100 },
    },
    auth0: {
      issuer: 'https://tenant.eu.auth0.com/',
      clientId: 'abc',
      clientSecrets: ['${AUTH0_CLIENT_SECRET}'],
      scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
      claims: { groups: ['https://example.com/groups'] },
    },
    session: {
      secrets: ['${STAGEDOOR_SESSION_SECRET}'],
      absoluteTimeout: '28800s',
      refreshEvery: '600s',
      store: 'redis',
      redis: { url: '${STAGEDOOR_REDIS_URL}', tls: { ca: { $file: '/etc/redis.pem' } } },
    },
    upstreams: {
      backstage: { url: 'http://backstage:7007', timeouts: { headers: '120s' } },
      docs: {
        url: 'http://docs:8080',
        timeouts: { headers: '120s' },
        assertion: { audience: 'urn:stagedoor:docs' },
      },
    },
    machines: { issuers: [{ issuer: 'https://ci.example.com/', audiences: ['backstage'] }] },
    routes: [
      { name: 'public-1', path: '/healthcheck', methods: ['GET'], allow: 'public', upstream: 'backstage' },
      { name: 'public-2', path: '/docs/public', allow: 'public', upstream: 'docs' },
      { name: 'public-2-below', path: '/docs/public/**', allow: 'public', upstream: 'docs' },
      { name: 'docs', path: '/docs/**', allow, upstream: 'docs' },
      { name: 'everything', path: '/**', allow, upstream: 'backstage' },
    ],
  })
  for (const { name } of [...readSettings(cfg, 'oauth2-proxy.cfg').settings.keys()].flatMap(
    (key) => optionsByKey.get(key) ?? [],
  )) {
    t.match(err, new RegExp(`^ {2}${name}:`, 'm'), name)
  }
  t.match(
    err,
    /To do by hand:[^]*\/var\/www[^]*\^\/a\(b\|c\) is more than a path[^]*reverse-proxy[^]*Without counterpart/,
  )
  t.match(err, /Not known[^]*zebra: left out/)
  t.notMatch(`${JSON.stringify(config)}${err}`, 'hunter2', 'no secret is printed')
})

t.test('flags and variables are read, too, and later files take precedence', async (t) => {
  const { config } = await converted(t, {
    'args.txt':
      '--client-id=one --email-domain=* \\\n --cookie-secure --upstream "http://backstage:7007" --scope="openid email"',
    'proxy.env':
      '# from the pod\nOAUTH2_PROXY_CLIENT_ID="two"\nexport OAUTH2_PROXY_ALLOWED_GROUPS=a,b\nOAUTH2_PROXY_ALLOWED_ROLES=c\n',
  })
  t.equal(config.auth0.clientId, 'two')
  t.same(config.auth0.scopes, ['openid', 'email', 'offline_access'])
  t.same(config.routes, [
    {
      name: 'everything',
      path: '/**',
      allow: { all: [{ groups: ['a', 'b'] }, { roles: ['c'] }] },
      upstream: 'backstage',
    },
  ])
})

const limits: [what: string, text: string, allow: unknown][] = [
  ['any domain', 'email_domains = ["*"]', 'authenticated'],
  ['a list of addresses only', 'authenticated_emails_file = "people.txt"', { roles: ['name-here-who-may-pass'] }],
  ['domains below one', 'email_domains = [".example.com"]', { roles: ['name-here-who-may-pass'] }],
  [
    'a limit of a provider',
    'email_domains = ["*"]\ngithub_org = "acme"\nallowed_groups = ["a"]',
    { all: [{ groups: ['a'] }, { roles: ['name-here-who-may-pass'] }] },
  ],
]
for (const [what, text, allow] of limits) {
  t.test(`${what}: no additional people pass`, async (t) => {
    const { config } = await converted(t, { 'a.cfg': text })
    t.same(config.routes, [{ name: 'everything', path: '/**', allow, upstream: 'backstage' }])
  })
}

t.test('missing values are left to the environment', async (t) => {
  const { config } = await converted(t, { 'a.cfg': 'redirect_url = "/oauth2/callback"\ncookie_refresh = "0s"' })
  t.match(config, {
    server: { baseUrl: '${STAGEDOOR_BASE_URL}' },
    auth0: { issuer: '${AUTH0_ISSUER}', clientId: '${AUTH0_CLIENT_ID}' },
    upstreams: { backstage: { url: '${BACKSTAGE_URL}' } },
  })
  t.same(config.session, { secrets: ['${STAGEDOOR_SESSION_SECRET}'] })
})

t.test(
  'a session of less than an hour gets the same idle timeout, and one without an end gets our limit',
  async (t) => {
    const sessionOf = async (expire: string) =>
      (await converted(t, { 'a.cfg': `cookie_expire = "${expire}"` })).config.session
    t.match(await sessionOf('30m'), { absoluteTimeout: '1800s', idleTimeout: '1800s' })
    t.same(await sessionOf('0s'), { secrets: ['${STAGEDOOR_SESSION_SECRET}'] })
  },
)

t.test('listeners, keys and stores are converted to our options', async (t) => {
  const tls = 'tls_cert_file = "/tls.crt"\ntls_key_file = "/tls.key"\n'
  const sentinel = 'session_store_type = "redis"\nredis_use_sentinel = true\nredis_sentinel_master_name = "m"\n'
  const nodes = 'redis_sentinel_connection_urls = ["redis://a:26379"]\nredis_username = "u"\nredis_password = "p"\n'
  const first = await converted(t, { 'a.cfg': `${tls}${sentinel}${nodes}jwt_key_file = "/k.pem"\njwt_key = "k"` })
  t.same(first.config.server.listen, { port: 443 })
  t.same(first.config.server.tls, { certificate: '/tls.crt', key: '/tls.key' })
  t.same(first.config.auth0.privateKeys, ['${AUTH0_PRIVATE_KEY}', { $file: '/k.pem' }])
  t.same(first.config.session.redis, {
    sentinel: { primary: 'm', nodes: ['redis://a:26379'] },
    username: 'u',
    password: '${STAGEDOOR_REDIS_PASSWORD}',
  })
  const cluster =
    'session_store_type = "redis"\nredis_use_cluster = true\nredis_cluster_connection_urls = ["redis://a:1"]\n'
  const second = await converted(t, {
    'a.cfg': `${cluster}${tls}https_address = "[::]:8443"\nclient_secret_file = "/s"\nprovider_ca_files = ["/ca.pem"]`,
  })
  t.same(second.config.server.listen, { host: '::', port: 8443 })
  t.same(second.config.session.redis, { cluster: { nodes: ['redis://a:1'] } })
  t.same(second.config.auth0.clientSecrets, [{ $file: '/s' }])
  const third = await converted(t, {
    'a.cfg':
      'http_address = "unix:///run/p.sock"\nsession_store_type = "redis"\nupstreams = ["unix:///run/b.sock", "http://x/b", "http://y/b"]',
  })
  t.same(third.config.server.listen, { path: '/run/p.sock' })
  t.equal(third.config.upstreams.backstage.url, 'unix:/run/b.sock')
  t.same(Object.keys(third.config.upstreams), ['backstage', 'b', 'b-3'])
})

const patterns: [pattern: string, paths: string[]][] = [
  ['^/status$', ['/status']],
  ['^/$', ['/']],
  ['^/a\\.b$', ['/a.b']],
  ['^/static/', ['/static/**']],
  ['^/static/.*', ['/static/**']],
  ['^/', ['/**']],
  ['^/static', ['/static', '/static/**']],
  ['/static', []],
  ['^/a/../b$', []],
  ['^/a+', []],
  ['POST!=^/a$', []],
]
t.test('a pattern converts to rules that cover no more paths', async (t) => {
  for (const [pattern, paths] of patterns) {
    const { rules } = publicRules(pattern, 1)
    t.same(
      rules.map(({ path }) => path),
      paths,
      pattern,
    )
    const expression = new RegExp(pattern.replace(/^[A-Z]+!?=/, ''))
    for (const path of paths) t.match(path.replace('/**', '/x'), expression, pattern)
  }
})

t.test('a public path outside of every upstream is left out', async (t) => {
  const { config } = await converted(t, {
    'a.cfg':
      'email_domains = ["*"]\nupstreams = ["http://docs/docs/", "http://one/one"]\nskip_auth_routes = ["^/other$", "^/one$"]',
  })
  t.same(
    config.routes.map(({ path, upstream }: { path: string; upstream: string }) => [path, upstream]),
    [
      ['/one', 'one'],
      ['/docs/**', 'docs'],
      ['/one', 'one'],
    ],
  )
  t.equal(upstreamOf('http://[', []), undefined)
})

t.test('an unreadable file is reported with the place', async (t) => {
  const { err, out, exitCode } = await run(t, { 'a.cfg': 'a = 1\nb = = 2\n' })
  t.same([out, exitCode], ['', 1])
  t.match(err, /a\.cfg:2:\d+ cannot be read: /)
})

t.test('the migration page lists each option once, with its counterpart', async (t) => {
  const page = readFileSync(join(repositoryRoot, 'docs/moving-from-oauth2-proxy.md'), 'utf8')
  const rows = [...optionsByKey.values()]
  t.equal(rows.length, 167)
  const words = { moves: 'converted', always: 'always so', hand: 'by hand', none: 'no counterpart' }
  const table = rows.map(({ name, fate, here }) => `| \`${name}\` | ${words[fate]} | ${here} |`.replaceAll('  ', ' '))
  for (const line of table) t.ok(page.includes(line), line)
})

t.test("the page's example converts to the page's result", async (t) => {
  const page = readFileSync(join(repositoryRoot, 'docs/moving-from-oauth2-proxy.md'), 'utf8')
  const block = (language: string) => new RegExp(`\n\`\`\`${language}\n([^]*?)\n\`\`\``).exec(page)?.[1] ?? ''
  const { config } = await converted(t, { 'a.cfg': block('toml') })
  t.same(config, parse(block('yaml')))
})
