import { hiddenLogo } from './hidden-logo.ts'
import type { Findings, KnownSections } from './problem.ts'
import type { Config } from './schema.ts'
import { unreachableRules } from './unreachable-rules.ts'
import { sharedAudiences, unreachableByRewrite } from './upstream-checks.ts'

/** Settings that work but are unusual or risky; `expected` says what would be safer. */
export function* warningsAbout(sections: KnownSections): Findings {
  const { server, auth0, assertion, session, upstreams, routes, audit, log } = sections
  if (server) yield* serverWarnings(server)
  if (auth0) yield* scopeWarnings(auth0)
  if (session) yield* storeWarnings(session)
  if (server && assertion) yield* replicaWarnings({ ...sections, server, assertion })
  if (assertion) yield* headerWarnings(assertion)
  yield* unusedKeyPaths(sections)
  if (upstreams && assertion) yield* sharedAudiences(upstreams, assertion)
  if (upstreams && routes) yield* unreachableByRewrite(upstreams, routes)
  if (routes) yield* ruleWarnings(routes)
  if (routes) yield* unreachableRules(routes, server)
  yield* hiddenLogo(sections)
  if (audit) yield* auditWarnings(audit)
  if (log?.level === 'silent') {
    yield { path: ['log', 'level'], expected: 'a level that shows failures', fix: 'write info, or error at least' }
  }
}

function* serverWarnings({ trustedProxies, admin }: Config['server']): Findings {
  for (const [index, network] of trustedProxies.entries()) {
    if (!network.endsWith('/0')) continue
    yield {
      path: ['server', 'trustedProxies', index],
      expected: 'the networks of your proxies',
      fix: 'name the networks: otherwise every client can choose the address that is recorded for it',
    }
  }
  if (['127.0.0.1', '::1', 'localhost'].includes(admin.host)) return
  yield {
    path: ['server', 'admin', 'host'],
    expected: '127.0.0.1, because this listener asks for no login',
    fix: 'make sure that only probes and metrics collectors can reach its port',
  }
}

function* scopeWarnings({ scopes }: Config['auth0']): Findings {
  if (scopes.includes('offline_access')) return
  yield {
    path: ['auth0', 'scopes'],
    expected: 'offline_access among the scopes',
    fix: 'add it: without it roles stay as they were at login, regardless of session.refreshEvery',
  }
}

function* storeWarnings({ store, redis }: Config['session']): Findings {
  if (store !== 'cookie' || redis === undefined) return
  yield {
    path: ['session', 'redis'],
    expected: 'store: redis, or no redis',
    fix: 'session.store keeps sessions in cookies, and Redis is not used for them: remove one of the two',
  }
}

type Signing = Pick<Config, 'server' | 'assertion'>

/** Data that several replicas need to share, but each would keep for itself. */
function* replicaWarnings({ server, session, assertion, machines }: KnownSections & Signing): Findings {
  if (server.replicas === 1) return
  const path = ['server', 'replicas']
  if (session?.store === 'cookie') {
    yield {
      path,
      expected: '1, because session.store is cookie',
      fix: 'two processes may refresh one session at once, and Auth0 then ends it: use session.store: redis, or send each browser to one process and allow a rotation overlap in Auth0',
    }
  }
  const hasMachines = machines !== undefined && machines.audiences.length + machines.issuers.length > 0
  for (const [section, { keys }] of Object.entries(hasMachines ? { assertion, machines } : { assertion })) {
    if (keys.store === 'redis') continue
    yield {
      path,
      expected: `1, because ${section}.keys.store is ${keys.store}`,
      fix: `each process signs with its own keys, and an upstream knows the keys of one process only: use ${section}.keys.store: redis`,
    }
  }
}

/** Warns of a trail without a sink, and of one that outlives its keys: keys in memory end with the process. */
function* auditWarnings({ sinks, keys }: Config['audit']): Findings {
  if (sinks.length === 0) {
    yield {
      path: ['audit', 'sinks'],
      expected: 'at least one sink',
      fix: 'nothing is recorded, not even admin actions: add - stdout: {}',
    }
  }
  if (keys.store !== 'memory' || sinks.every(({ stdout }) => stdout !== undefined)) return
  yield {
    path: ['audit', 'keys', 'store'],
    expected: 'file or redis, because the records are kept',
    fix: 'use file or redis: with memory, the keys that verify old signatures exist only in the trail itself',
  }
}

function* headerWarnings({ headers }: Config['assertion']): Findings {
  if (headers.includes('oauth2-proxy')) {
    yield {
      path: ['assertion', 'headers'],
      expected: 'assertion alone',
      fix: 'oauth2-proxy headers are unsigned: make sure that the upstream can be reached through Stagedoor only',
    }
  }
  if (!headers.includes('assertion')) {
    yield {
      path: ['assertion', 'headers'],
      expected: 'assertion among the headers',
      fix: 'add assertion: without it upstreams get nothing that they can verify',
    }
  }
}

function* unusedKeyPaths({ assertion, machines, audit }: KnownSections): Findings {
  for (const [section, known] of Object.entries({ assertion, machines, audit })) {
    const { store, path } = known?.keys ?? {}
    if (path === undefined || store === 'file') continue
    yield {
      path: [section, 'keys', 'path'],
      expected: 'store: file, or no path',
      fix: `the path is not used while store is ${store}`,
    }
  }
}

function* ruleWarnings(routes: Config['routes']): Findings {
  for (const [index, { path, allow, paths }] of routes.entries()) {
    if (allow === 'public' && path === '/**') {
      yield {
        path: ['routes', index, 'allow'],
        expected: 'authenticated',
        fix: 'this rule makes every path public: remove it if that is not intended',
      }
    }
    if (paths === 'as-is') {
      yield {
        path: ['routes', index, 'paths'],
        expected: 'strict',
        fix: 'make sure that the upstream takes // ; %2F and %25 in paths as they are, or it may see another path than the rules',
      }
    }
  }
}
