import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { repositoryRoot } from '../../../scripts/testing/command.ts'

const textOf = (path: string): string => readFileSync(join(repositoryRoot, 'deploy', path), 'utf8')

/** Headers of the client that show Stagedoor a page load and the origin of the page. */
const navigationHeaders = new Set(
  ['page-or-script.ts', 'other-origins.ts'].flatMap((file) => {
    const source = readFileSync(join(repositoryRoot, 'src/headers', file), 'utf8')
    return [...source.matchAll(/'((?:sec-fetch|x-requested|sec-purpose|purpose|x-moz)[a-z-]*)'/g)].map(
      ([, name]) => name ?? '',
    )
  }),
)

const names = (list: { patterns: { exact: string }[] }): string[] => list.patterns.map(({ exact }) => exact)

/** Headers of an answer that the proxy sends to the service. */
const answerHeaders = ['x-stagedoor-assertion', 'authorization', 'cookie', 'x-request-id', 'traceparent']

t.test('Traefik asks Stagedoor, copies its answer and trusts no client', async (t) => {
  const { http } = parse(textOf('traefik/forward-auth.yaml'))
  const { forwardAuth } = http.middlewares['stagedoor-auth']
  t.match(forwardAuth.address, '/.stagedoor/auth')
  t.equal(forwardAuth.trustForwardHeader, false)
  t.same(
    forwardAuth.authResponseHeaders.map((name: string) => name.toLowerCase()),
    answerHeaders,
  )
  // Headers with which other proxies describe the request have to be removed first: Stagedoor refuses two descriptions.
  t.same(http.routers.service.middlewares, ['stagedoor-clean', 'stagedoor-auth'])
  t.match(http.middlewares['stagedoor-clean'].headers.customRequestHeaders, {
    'X-Original-Uri': '',
    'X-Stagedoor-Assertion': '',
    'X-Ms-Token-Aad-Id-Token': '',
    'X-OAuth2-Proxy-Id-Token': '',
  })
})

t.test(
  'Envoy asks Stagedoor, refuses requests without an answer and sends no headers that clients could forge',
  async (t) => {
    const { static_resources: resources } = parse(textOf('envoy/envoy.yaml'))
    const manager = resources.listeners[0].filter_chains[0].filters[0].typed_config
    const filters = manager.http_filters.map(({ name }: { name: string }) => name.split('.').at(-1))
    t.same(filters, ['header_mutation', 'ext_authz', 'router'])
    const { http_service: service, ...authz } = manager.http_filters[1].typed_config
    t.match(service.path_prefix, '/.stagedoor/auth')
    t.equal(authz.failure_mode_allow, false)
    t.same(names(service.authorization_response.allowed_upstream_headers), answerHeaders)
    t.same(
      names(authz.allowed_headers).filter((name) => /^x-(?:original|forwarded-(?:uri|method|host))/.test(name)),
      [],
    )
  },
)

t.test('recipes that select headers for Stagedoor include all that show a page load', async (t) => {
  const { static_resources: resources } = parse(textOf('envoy/envoy.yaml'))
  const filters = resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters
  const [, lua = ''] = /local client_headers = \{([^}]*)\}/.exec(textOf('haproxy/stagedoor.lua')) ?? []
  const lists = {
    envoy: names(filters[1].typed_config.allowed_headers),
    haproxy: [...lua.matchAll(/'([^']+)'/g)].map(([, name]) => name),
  }
  t.ok(navigationHeaders.size >= 6)
  for (const [recipe, list] of Object.entries(lists)) {
    t.same(
      [...navigationHeaders].filter((name) => !list.includes(name)),
      [],
      recipe,
    )
  }
})
