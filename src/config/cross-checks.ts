import { machineContradictions } from './machine-checks.ts'
import { suggest } from './problem-from-issue.ts'
import type { Finding, KnownSections } from './problem.ts'
import type { Config } from './schema.ts'
import { tlsContradictions } from './upstream-checks.ts'
import { defaultUpstream } from './upstream-of-rule.ts'
import { formatDuration } from './values/quantities.ts'

/** Options that are well formed each, but cannot work together. */
export function contradictions(sections: KnownSections): Finding[] {
  const { server, session, upstreams, routes } = sections
  return [
    ...(server ? serverContradictions(server) : []),
    ...(session ? sessionContradictions(session) : []),
    ...keyContradictions(sections),
    ...workerContradictions(sections),
    ...machineContradictions(sections),
    ...(sections.audit ? repeatedSinks(sections.audit) : []),
    ...(upstreams ? tlsContradictions(upstreams) : []),
    ...(server && upstreams ? loops(server, upstreams) : []),
    ...(routes ? repeatedNames(routes) : []),
    ...(routes && upstreams ? routes.flatMap((rule, index) => upstreamContradictions(rule, index, upstreams)) : []),
  ]
}

function serverContradictions(server: Config['server']): Finding[] {
  return [...listenerContradictions(server), ...passedHeaderContradictions(server), ...timeoutContradictions(server)]
}

function listenerContradictions({ listen, admin, trustedProxies }: Config['server']): Finding[] {
  const unix = trustedProxies.indexOf('unix')
  if (unix >= 0 && listen.path === undefined) {
    return [
      {
        path: ['server', 'trustedProxies', unix],
        expected: 'server.listen.path, because unix stands for its clients',
        fix: 'add server.listen.path, or name the networks of your proxies',
      },
    ]
  }
  if (listen.path !== undefined || listen.port !== admin.port || listen.port === 0) return []
  const isUsual = admin.port === usualAdminPort
  return [
    {
      path: ['server', isUsual ? 'listen' : 'admin', 'port'],
      expected: `another port than server.${isUsual ? 'admin' : 'listen'}.port`,
      fix: isUsual ? 'write for example port: 8080' : `leave it at ${usualAdminPort}`,
    },
  ]
}

const usualAdminPort = 9464

function passedHeaderContradictions({ passProxyHeaders, trustedProxies }: Config['server']): Finding[] {
  if (passProxyHeaders.length === 0 || trustedProxies.length > 0) return []
  return [
    {
      path: ['server', 'passProxyHeaders'],
      expected: 'server.trustedProxies, because only they may send these headers',
      fix: 'name the networks of the proxy in server.trustedProxies, or remove server.passProxyHeaders',
    },
  ]
}

function timeoutContradictions({ timeouts: { drain, shutdown } }: Config['server']): Finding[] {
  if (drain === 0 || drain < shutdown) return []
  return [
    {
      path: ['server', 'timeouts', 'drain'],
      expected: `less than server.timeouts.shutdown, which is ${formatDuration(shutdown)} and counts from SIGTERM, too`,
      fix: 'write for example drain: 5s, or raise server.timeouts.shutdown',
    },
  ]
}

function sessionContradictions(session: Config['session']): Finding[] {
  const { idleTimeout, absoluteTimeout, refreshEvery, store, redis } = session
  const findings: Finding[] = []
  const limit = formatDuration(absoluteTimeout)
  if (idleTimeout > absoluteTimeout) {
    findings.push({
      path: ['session', 'idleTimeout'],
      expected: `at most session.absoluteTimeout, which is ${limit}`,
      fix: `write ${limit} or less, or raise session.absoluteTimeout`,
    })
  }
  if (refreshEvery >= absoluteTimeout) {
    findings.push({
      path: ['session', 'refreshEvery'],
      expected: `less than session.absoluteTimeout, which is ${limit}`,
      fix: 'write for example 10m: roles are asked for anew that often',
    })
  }
  if (store === 'redis' && redis === undefined) {
    findings.push({
      path: ['session', 'redis'],
      expected: 'session.redis.url, because session.store is redis',
      fix: 'add redis: { url: redis://redis:6379 }, or write store: cookie',
    })
  }
  return [...findings, ...(redis ? redisContradictions(redis) : [])]
}

function redisContradictions({ url, sentinel, cluster, tls }: NonNullable<Config['session']['redis']>): Finding[] {
  const ways = Object.entries({ url, sentinel, cluster }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  const findings: Finding[] = []
  if (ways.length !== 1) {
    findings.push({
      path: ['session', 'redis'],
      expected: 'exactly one of url, sentinel and cluster',
      fix: ways.length === 0 ? 'add url: redis://redis:6379' : `keep one of ${ways.join(', ')}`,
    })
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    findings.push({
      path: ['session', 'redis', 'tls'],
      expected: 'cert and key together',
      fix: 'a certificate needs its key: add the other one, or remove both',
    })
  }
  return findings
}

/** Keys need a place: a file its path, Redis a server. */
function keyContradictions({ assertion, machines, audit, session }: KnownSections): Finding[] {
  const findings: Finding[] = []
  for (const [section, known] of Object.entries({ assertion, audit })) {
    if (known?.keys.store !== 'file' || known.keys.path !== undefined) continue
    findings.push({
      path: [section, 'keys', 'path'],
      expected: `a path, because ${section}.keys.store is file`,
      fix: `add path: /var/lib/stagedoor/${section}-keys.json, or write store: memory`,
    })
  }
  for (const [section, known] of Object.entries({ assertion, machines, audit })) {
    if (known?.keys.store !== 'redis' || session === undefined || session.redis !== undefined) continue
    findings.push({
      path: [section, 'keys', 'store'],
      expected: 'session.redis.url, because the keys are kept there',
      fix: 'add session: { redis: { url: redis://redis:6379 } }, or write store: file',
    })
  }
  return findings
}

/** Workers share nothing but Redis: one error names all that is missing. */
function workerContradictions({ server, session, assertion, machines, audit }: KnownSections): Finding[] {
  if (server === undefined || server.workers === 1) return []
  const wanted = [
    ['session.store', session?.store],
    ['assertion.keys.store', assertion?.keys.store],
    ['machines.keys.store', machines?.keys.store],
    ['audit.keys.store', audit?.keys.store],
  ] as const
  const missing = wanted.flatMap(([option, store]) => (store === undefined || store === 'redis' ? [] : [option]))
  if (missing.length === 0) return []
  const expected = `1, or redis for ${missing.join(', ')}: several processes share sessions and keys through Redis`
  return [
    {
      path: ['server', 'workers'],
      expected,
      fix: `write workers: 1, or add session.redis.url and set ${missing.map((option) => `${option}: redis`).join(', ')}`,
    },
  ]
}

/** An upstream that is Stagedoor itself would send each request round and round. */
function loops({ baseUrl }: Config['server'], upstreams: Config['upstreams']): Finding[] {
  return Object.entries(upstreams).flatMap(([name, { urls }]) => {
    if (!urls.includes(baseUrl)) return []
    return [
      {
        path: ['upstreams', name],
        expected: 'another address than server.baseUrl, which is Stagedoor itself',
        fix: 'write where Backstage listens, for example http://127.0.0.1:7007',
      },
    ]
  })
}

/** Two sinks that write to one place would write each record twice there. */
function repeatedSinks({ sinks }: Config['audit']): Finding[] {
  const placeOf = ({ stdout, file, http }: (typeof sinks)[number]): string | undefined => {
    if (stdout !== undefined) return 'stdout'
    return file === undefined ? http?.queue : `file ${file.path}`
  }
  const places = sinks.map(placeOf)
  return places.flatMap((place, index) => {
    const first = places.indexOf(place)
    if (place === undefined || first === index) return []
    return [
      {
        path: ['audit', 'sinks', index],
        expected: `another place than audit.sinks[${first}] writes to`,
        fix: 'remove one of the two: each record would be there twice',
      },
    ]
  })
}

function repeatedNames(routes: Config['routes']): Finding[] {
  return routes.flatMap(({ name }, index) => {
    const first = routes.findIndex((rule) => rule.name === name)
    if (first === index) return []
    return [
      {
        path: ['routes', index, 'name'],
        expected: `a name that routes[${first}] does not have`,
        fix: `rename it, for example ${name}-${index}`,
      },
    ]
  })
}

function upstreamContradictions(
  rule: Config['routes'][number],
  index: number,
  upstreams: Config['upstreams'],
): Finding[] {
  const known = Object.keys(upstreams)
  const path = ['routes', index, 'upstream']
  const expected = `the name of an upstream: ${known.join(', ')}`
  if (rule.upstream !== undefined && !Object.hasOwn(upstreams, rule.upstream)) {
    const similar = suggest(rule.upstream, known)
    const meant = similar === undefined ? 'write one of these' : `did you mean ${similar}? Write that`
    return [{ path, expected, fix: `${meant}, or add upstreams.${rule.upstream}` }]
  }
  if (rule.upstream === undefined && defaultUpstream(upstreams) === undefined) {
    return [{ path, expected, fix: 'several upstreams and none is called backstage: name one here' }]
  }
  return []
}
