import { secondsOf, within } from './durations.ts'
import { type Note, optionsByKey } from './options.ts'
import type { Settings } from './read.ts'
import { requirementOf } from './requirement.ts'
import { publicRules, upstreamOf } from './routes.ts'

export type Converted = {
  /** Configuration of Stagedoor. It refers to environment variables or files instead of containing secrets. */
  config: object
  moved: Note[]
  byHand: Note[]
  without: Note[]
}

/** Converts options of oauth2-proxy into our configuration. The lists name every option, and say what became of it. */
export function convert(settings: Settings): Converted {
  const read = readerOf(settings)
  const upstreams = upstreamsOf(read)
  const { rules, left } = routesOf(read, upstreams.found)
  const issuers = read.listed('extra_jwt_issuers')
  const config = {
    server: serverOf(read),
    auth0: auth0Of(read),
    session: sessionOf(read),
    upstreams: upstreams.section,
    machines: issuers && { issuers: issuersOf(issuers) },
    routes: rules,
  }
  return { config, ...notesOn(settings, [...upstreams.left, ...left]) }
}

/** Sorts the options into three lists. `left` has values that could not be converted although their option can. */
function notesOn(settings: Settings, left: readonly Note[]) {
  const rows = [...settings.keys()].flatMap((key) => optionsByKey.get(key) ?? [])
  const notes = (...fates: string[]): Note[] =>
    rows.filter(({ fate }) => fates.includes(fate)).map(({ name, here }) => ({ option: name, text: here }))
  return { moved: notes('moves'), byHand: [...left, ...notes('hand')], without: notes('none', 'always') }
}

type Reader = ReturnType<typeof readerOf>

/** Reads options. An unset or empty option is undefined. */
function readerOf(settings: Settings) {
  const all = (key: string): readonly string[] => settings.get(key) ?? []
  const one = (key: string): string | undefined => all(key).at(-1) || undefined
  return {
    all,
    one,
    has: (key: string) => one(key) !== undefined,
    isOn: (key: string) => one(key) === 'true',
    listed: (key: string) => (one(key) === undefined ? undefined : all(key)),
    /** The value, converted for our configuration; undefined if it is not set. */
    as: (key: string, write: (text: string) => unknown): unknown => {
      const text = one(key)
      return text === undefined ? undefined : write(text)
    },
  }
}

const file = (path: string) => ({ $file: path })

// The YAML omits undefined values.

function serverOf({ one, listed, as }: Reader): object {
  const certificate = one('tls_cert_file')
  const tls = certificate && { certificate, key: one('tls_key_file') }
  return {
    baseUrl: as('redirect_url', (url) => URL.parse(url)?.origin) ?? '${STAGEDOOR_BASE_URL}',
    listen: tls ? listenAt(one('https_address') ?? ':443') : as('http_address', listenAt),
    tls,
    trustedProxies: listed('trusted_proxy_ips')?.map(networkOf),
    admin: as('metrics_address', listenAt),
  }
}

/** Converts an address such as `http://0.0.0.0:4180`, `:4180` or `unix:///run/proxy.sock`. */
function listenAt(address: string): object {
  if (address.startsWith('unix:')) return { path: address.replace(/^unix:(?:\/\/)?/, '') }
  const [, host = '', port = ''] = /^(?:https?:\/\/)?(.*?)(?::(\d+))?$/.exec(address) ?? []
  return { host: host.replaceAll(/[[\]]/g, '') || undefined, port: port === '' ? undefined : Number(port) }
}

/** Converts a single address into a CIDR block. */
function networkOf(text: string): string {
  if (text.includes('/')) return text
  return `${text}/${text.includes(':') ? 128 : 32}`
}

function auth0Of({ one, all, as, has }: Reader): object {
  const scopes = one('scope')?.split(/\s+/) ?? ['openid', 'profile', 'email']
  const keys = [has('jwt_key') ? '${AUTH0_PRIVATE_KEY}' : undefined, as('jwt_key_file', file)].filter(Boolean)
  const secret = as('client_secret_file', file) ?? '${AUTH0_CLIENT_SECRET}'
  return {
    issuer: one('oidc_issuer_url') ?? '${AUTH0_ISSUER}',
    clientId: one('client_id') ?? '${AUTH0_CLIENT_ID}',
    ...(keys.length > 0 ? { privateKeys: keys } : { clientSecrets: [secret] }),
    scopes: [...new Set([...scopes, 'offline_access'])],
    claims: as('oidc_groups_claim', (claim) => ({ groups: [claim] })),
    tls: as('provider_ca_files', () => ({ ca: file(all('provider_ca_files')[0] ?? '') })),
  }
}

function sessionOf({ one, all, as, has, isOn }: Reader): object {
  const session = {
    secrets: ['${STAGEDOOR_SESSION_SECRET}'],
    // In oauth2-proxy, 0 means "until the browser is closed". Stagedoor's sessions always expire, so its default applies.
    absoluteTimeout: as('cookie_expire', (text) => (secondsOf(text) > 0 ? lifetime(text) : undefined)),
    // For a session this short, our default idle timeout would be longer than the session.
    idleTimeout: as('cookie_expire', (text) => (isWithinAnHour(secondsOf(text)) ? lifetime(text) : undefined)),
    refreshEvery: as('cookie_refresh', (text) => (secondsOf(text) > 0 ? within(text, 60, 86_400) : undefined)),
  }
  if (one('session_store_type') !== 'redis') return session
  const url = one('redis_connection_url') ?? '${STAGEDOOR_REDIS_URL}'
  const server = isOn('redis_use_sentinel')
    ? { sentinel: { primary: one('redis_sentinel_master_name'), nodes: all('redis_sentinel_connection_urls') } }
    : isOn('redis_use_cluster')
      ? { cluster: { nodes: all('redis_cluster_connection_urls') } }
      : { url: url.includes('@') ? '${STAGEDOOR_REDIS_URL}' : url }
  const redis = {
    ...server,
    username: one('redis_username'),
    password: has('redis_password') ? '${STAGEDOOR_REDIS_PASSWORD}' : undefined,
    tls: as('redis_ca_path', (path) => ({ ca: file(path) })),
  }
  return { ...session, store: 'redis', redis }
}

const lifetime = (text: string) => within(text, 60, 90 * 86_400)
const isWithinAnHour = (seconds: number) => seconds > 0 && seconds < 3_600

function upstreamsOf({ all, as }: Reader) {
  const found: { name: string; path: string }[] = []
  const left: Note[] = []
  const section = new Map<string, object>()
  for (const text of all('upstreams')) {
    const upstream = upstreamOf(text, [...section.keys()])
    if (upstream === undefined) {
      left.push({ option: 'upstream', text: `${text} is no server: Stagedoor serves no files and no fixed answers` })
      continue
    }
    found.push(upstream)
    section.set(upstream.name, {
      url: upstream.url,
      timeouts: as('upstream_timeout', (time) => ({ headers: within(time, 1, 3_600) })),
      // Each upstream gets its own audience, so that no upstream can use its assertions at another.
      assertion: upstream.name === 'backstage' ? undefined : { audience: `urn:stagedoor:${upstream.name}` },
    })
  }
  if (found.length === 0) section.set('backstage', { url: '${BACKSTAGE_URL}' })
  return { found, section: Object.fromEntries(section), left }
}

function routesOf(read: Reader, upstreams: readonly { name: string; path: string }[]) {
  const patterns = [...read.all('skip_auth_routes'), ...read.all('skip_auth_regex')]
  const open = patterns.map((pattern, index) => publicRules(pattern, index + 1))
  const left = open
    .filter(({ rules }) => rules.length === 0)
    .map(({ pattern }) => ({
      option: 'skip-auth-route',
      text: `${pattern} is more than a path: it stays behind the login`,
    }))
  const { allow, notes } = requirementOf(read)
  // The longest path comes first, as in oauth2-proxy.
  const paths = (upstreams.length > 0 ? upstreams : [{ name: 'backstage', path: '/**' }]).toSorted(
    (a, b) => b.path.length - a.path.length,
  )
  const rules = paths.map(({ name, path }) => ({
    name: path === '/**' ? 'everything' : name,
    path,
    allow,
    upstream: name,
  }))
  // A public path names no upstream. It gets the upstream of the first path that covers it, as in oauth2-proxy.
  const upstreamFor = (path: string) => paths.find((each) => covers(each.path, path))?.name
  const publics = open.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, upstream: upstreamFor(rule.path) })))
  return { rules: [...publics.filter(({ upstream }) => upstream !== undefined), ...rules], left: [...left, ...notes] }
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith('**') ? path.startsWith(pattern.slice(0, -2)) : path === pattern
}

/** Converts pairs such as `https://issuer.example.com=audience`. */
function issuersOf(pairs: readonly string[]): object[] {
  return pairs.map((pair) => {
    const cut = pair.lastIndexOf('=')
    return { issuer: pair.slice(0, cut), audiences: [pair.slice(cut + 1)] }
  })
}
