import { defaultUpstream } from './derived-settings.ts'
import { machineContradictions } from './machine-checks.ts'
import { suggest } from './problem-from-issue.ts'
import type { Findings, KnownSections } from './problem.ts'
import type { Config } from './schema.ts'
import { tlsContradictions } from './upstream-checks.ts'
import { formatDuration } from './values/quantities.ts'

/** Options that are valid each, but contradict one another. */
export function* contradictions(sections: KnownSections): Findings {
  const { server, session, audit, upstreams, routes } = sections
  if (server) yield* serverContradictions(server)
  if (session) yield* sessionContradictions(session)
  yield* keyContradictions(sections)
  yield* workerContradictions(sections)
  yield* machineContradictions(sections)
  if (audit) yield* repeatedSinks(audit)
  if (upstreams) yield* tlsContradictions(upstreams)
  if (server && upstreams) yield* loops(server, upstreams)
  if (routes) yield* repeatedNames(routes)
  if (routes && upstreams) yield* unknownUpstreams(routes, upstreams)
}

function* serverContradictions(server: Config['server']): Findings {
  yield* listenerContradictions(server)
  const { passProxyHeaders, trustedProxies, timeouts } = server
  if (passProxyHeaders.length > 0 && trustedProxies.length === 0) {
    yield {
      path: ['server', 'passProxyHeaders'],
      expected: 'server.trustedProxies, because only they may send these headers',
      fix: 'name the networks of the proxy in server.trustedProxies, or remove server.passProxyHeaders',
    }
  }
  if (timeouts.drain > 0 && timeouts.drain >= timeouts.shutdown) {
    yield {
      path: ['server', 'timeouts', 'drain'],
      expected: `less than server.timeouts.shutdown, which is ${formatDuration(timeouts.shutdown)} and also counts from SIGTERM`,
      fix: 'write for example drain: 5s, or raise server.timeouts.shutdown',
    }
  }
}

const usualAdminPort = 9464

function* listenerContradictions({ listen, admin, trustedProxies }: Config['server']): Findings {
  const unix = trustedProxies.indexOf('unix')
  if (unix >= 0 && listen.path === undefined) {
    yield {
      path: ['server', 'trustedProxies', unix],
      expected: 'server.listen.path, because unix means clients of that socket',
      fix: 'add server.listen.path, or name the networks of your proxies',
    }
  }
  if (listen.path !== undefined || listen.port !== admin.port || listen.port === 0) return
  const isUsual = admin.port === usualAdminPort
  yield {
    path: ['server', isUsual ? 'listen' : 'admin', 'port'],
    expected: `another port than server.${isUsual ? 'admin' : 'listen'}.port`,
    fix: isUsual ? 'write for example port: 8080' : `leave it at ${usualAdminPort}`,
  }
}

function* sessionContradictions(session: Config['session']): Findings {
  const { idleTimeout, absoluteTimeout, refreshEvery, store, redis } = session
  const limit = formatDuration(absoluteTimeout)
  if (idleTimeout > absoluteTimeout) {
    yield {
      path: ['session', 'idleTimeout'],
      expected: `at most session.absoluteTimeout, which is ${limit}`,
      fix: `write ${limit} or less, or raise session.absoluteTimeout`,
    }
  }
  if (refreshEvery >= absoluteTimeout) {
    yield {
      path: ['session', 'refreshEvery'],
      expected: `less than session.absoluteTimeout, which is ${limit}`,
      fix: 'write for example 10m: Stagedoor fetches roles again at this interval',
    }
  }
  if (store === 'redis' && redis === undefined) {
    yield {
      path: ['session', 'redis'],
      expected: 'session.redis.url, because session.store is redis',
      fix: 'add redis: { url: redis://redis:6379 }, or write store: cookie',
    }
  }
  if (redis) yield* redisContradictions(redis)
}

type RedisConfig = NonNullable<Config['session']['redis']>

function* redisContradictions({ url, sentinel, cluster, tls }: RedisConfig): Findings {
  const ways = Object.entries({ url, sentinel, cluster }).flatMap(([name, way]) => (way === undefined ? [] : [name]))
  if (ways.length !== 1) {
    yield {
      path: ['session', 'redis'],
      expected: 'exactly one of url, sentinel and cluster',
      fix: ways.length === 0 ? 'add url: redis://redis:6379' : `keep one of ${ways.join(', ')}`,
    }
  }
  if (tls !== undefined && !isAllByTls({ url, sentinel, cluster })) {
    yield {
      path: ['session', 'redis', 'tls'],
      expected: 'rediss:// URLs, because tls is set',
      fix: 'write rediss:// in the URL of every server, because redis:// is not encrypted; or remove tls',
    }
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    yield {
      path: ['session', 'redis', 'tls'],
      expected: 'cert and key together',
      fix: 'a certificate needs its key: add the other one, or remove both',
    }
  }
}

function isAllByTls({ url, sentinel, cluster }: Pick<RedisConfig, 'url' | 'sentinel' | 'cluster'>): boolean {
  const urls = [url?.reveal(), sentinel?.nodes, cluster?.nodes].flat()
  return urls.every((each) => each === undefined || each.startsWith('rediss:'))
}

/** Signing keys in a file need a path, keys in Redis need a server, and each kind of key needs its own file. */
function* keyContradictions({ assertion, machines, audit, session }: KnownSections): Findings {
  const all = Object.entries({ assertion, machines, audit })
  for (const [index, [section, known]] of all.entries()) {
    const { store, path } = known?.keys ?? {}
    const place = [section, 'keys', 'path']
    const usual = `/var/lib/stagedoor/${section === 'machines' ? 'machine' : section}-keys.json`
    if (store === 'file' && path === undefined) {
      const expected = `a path, because ${section}.keys.store is file`
      yield { path: place, expected, fix: `add path: ${usual}, or write store: memory` }
    }
    const other = all.slice(0, index).find(([, earlier]) => earlier?.keys.path === path)
    if (path !== undefined && other !== undefined) {
      yield { path: place, expected: `another file than ${other[0]}.keys.path`, fix: `write for example ${usual}` }
    }
    if (store === 'redis' && session !== undefined && session.redis === undefined) {
      yield {
        path: [section, 'keys', 'store'],
        expected: 'session.redis.url, because the keys are kept there',
        fix: 'add session: { redis: { url: redis://redis:6379 } }, or write store: file',
      }
    }
  }
}

/** Workers share data only through Redis. One error names every option that does not use it. */
function* workerContradictions({ server, session, assertion, machines, audit }: KnownSections): Findings {
  if (server === undefined || server.workers === 1) return
  const wanted = {
    'session.store': session?.store,
    'assertion.keys.store': assertion?.keys.store,
    'machines.keys.store': machines?.keys.store,
    'audit.keys.store': audit?.keys.store,
  }
  const missing = Object.entries(wanted).flatMap(([option, store]) => ((store ?? 'redis') === 'redis' ? [] : [option]))
  if (missing.length === 0) return
  yield {
    path: ['server', 'workers'],
    expected: `1, or redis for ${missing.join(', ')}: several processes share sessions and keys through Redis`,
    fix: `write workers: 1, or add session.redis.url and set ${missing.map((option) => `${option}: redis`).join(', ')}`,
  }
}

/** An upstream that is Stagedoor itself would send each request in a loop. */
function* loops({ baseUrl }: Config['server'], upstreams: Config['upstreams']): Findings {
  for (const [name, { urls }] of Object.entries(upstreams)) {
    if (!urls.includes(baseUrl)) continue
    yield {
      path: ['upstreams', name],
      expected: 'another address than server.baseUrl, which is Stagedoor itself',
      fix: 'write where Backstage listens, for example http://127.0.0.1:7007',
    }
  }
}

/** Two sinks for the same destination would write each record twice. */
function* repeatedSinks({ sinks }: Config['audit']): Findings {
  const places = sinks.map(({ stdout, file, http }) => {
    if (stdout !== undefined) return 'stdout'
    return file === undefined ? http?.queue : `file ${file.path}`
  })
  for (const [index, place] of places.entries()) {
    const first = places.indexOf(place)
    if (place === undefined || first === index) continue
    yield {
      path: ['audit', 'sinks', index],
      expected: `another place than audit.sinks[${first}] writes to`,
      fix: 'remove one of the two: otherwise each record is written twice',
    }
  }
}

function* repeatedNames(routes: Config['routes']): Findings {
  const names = routes.map(({ name }) => name)
  for (const [index, name] of names.entries()) {
    const first = names.indexOf(name)
    if (first === index) continue
    yield {
      path: ['routes', index, 'name'],
      expected: `a name that routes[${first}] does not have`,
      fix: `rename it, for example ${name}-${index}`,
    }
  }
}

function* unknownUpstreams(routes: Config['routes'], upstreams: Config['upstreams']): Findings {
  const known = Object.keys(upstreams)
  const expected = `the name of an upstream: ${known.join(', ')}`
  for (const [index, { upstream }] of routes.entries()) {
    const path = ['routes', index, 'upstream']
    if (upstream !== undefined && !known.includes(upstream)) {
      const similar = suggest(upstream, known)
      const meant = similar === undefined ? 'write one of these' : `did you mean ${similar}? Write that`
      yield { path, expected, fix: `${meant}, or add upstreams.${upstream}` }
    }
    if (upstream === undefined && defaultUpstream(upstreams) === undefined) {
      yield { path, expected, fix: 'there are several upstreams, and none has the name backstage: name one here' }
    }
  }
}
