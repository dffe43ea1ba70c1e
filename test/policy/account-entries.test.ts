import t from 'tap'

import { configSchema } from '../../src/config/schema.ts'
import type { UserPrincipal } from '../../src/identity/principal.ts'
import { accountEntriesOf, reachOf } from '../../src/policy/account-entries.ts'

const { routes, upstreams } = configSchema.parse({
  server: { baseUrl: 'https://portal.example.com' },
  auth0: { issuer: 'https://tenant.eu.auth0.com/', clientId: 'client', clientSecrets: ['secret'] },
  session: { secrets: ['a secret for tests, at least 32 characters'] },
  upstreams: {
    backstage: { url: 'http://127.0.0.1:7007', title: 'Backstage', description: 'The portal', icon: 'B' },
    wiki: { url: 'http://127.0.0.1:7008', title: 'Wiki' },
    unused: { url: 'http://127.0.0.1:7009', title: 'Unused' },
    nameless: { url: 'http://127.0.0.1:7010' },
  },
  routes: [
    { name: 'icons', path: '/icons/**', allow: 'public' },
    { name: 'wiki', path: '/wiki/**', allow: { groups: ['writers'] }, upstream: 'wiki' },
    { name: 'admin', path: '/admin/**', allow: { roles: ['admin'] }, title: 'Administration' },
    { name: 'safe', path: '/safe', allow: { mfa: {} }, title: 'Safe' },
    { name: 'hook', path: '/hook', methods: ['POST'], allow: 'authenticated', title: 'Hook' },
    { name: 'each', path: '/api/*/status', allow: 'authenticated', title: 'Status' },
    { name: 'host', path: '/x', hosts: ['docs.example.com'], allow: 'authenticated', title: 'Docs' },
    { name: 'everything', path: '/**', allow: 'authenticated' },
  ],
})

const person: UserPrincipal = {
  kind: 'user',
  issuer: 'https://tenant.eu.auth0.com/',
  subject: 'auth0|jane',
  sessionId: 'reference',
  claims: { roles: ['admin'], groups: [], permissions: [] },
  amr: [],
}

t.test('services come first, then titled rules, and a page is linked if it has a single address', async (t) => {
  const reached = accountEntriesOf({ routes, upstreams }).map((place) => reachOf(place, person, 0))
  t.same(
    reached.map(({ title, href, access, missing }) => [title, href, access, missing]),
    [
      ['Backstage', '/', 'open', undefined],
      ['Wiki', '/wiki', 'closed', 'You need to be in the group writers.'],
      ['Administration', '/admin', 'open', undefined],
      ['Safe', '/safe', 'second-factor', 'You need a second factor.'],
      ['Hook', undefined, 'open', undefined],
      ['Status', undefined, 'open', undefined],
      ['Docs', undefined, 'open', undefined],
    ],
  )
})
