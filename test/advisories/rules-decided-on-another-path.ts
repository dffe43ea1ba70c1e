import t from 'tap'

import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

const routes = [
  { name: 'open', path: '/public/**', allow: 'public' },
  { name: 'admin', path: '/admin/**', allow: { roles: ['platform-admin'] } },
  { name: 'rest', path: '/**', allow: 'authenticated' },
]

/** Requests for a guarded path that other gateways decided as if they were for a public one. */
const requests: [ids: string, target: string, ...fields: string[]][] = [
  ['CVE-2026-40575', '/admin/x', 'X-Forwarded-Uri: /public/x'],
  ['CVE-2026-40575', '/admin/x', 'X-Original-URI: /public/x', 'X-Original-Method: GET'],
  ['CVE-2026-40575', '/.stagedoor/auth', 'X-Forwarded-Uri: /public/x', 'X-Forwarded-Method: GET'],
  ['CVE-2026-35051', '/admin/x', 'X-Forwarded-Prefix: /public'],
  ['CVE-2025-54576', '/admin/x?/public/x'],
  ['CVE-2025-54576', '/admin/x?a=/public/'],
  ['CVE-2026-41059', '/admin/x#/public/x'],
  ['CVE-2026-41059', '/public/#/../../admin/x'],
  ['CVE-2026-41059', '/admin/x%23/public/x'],
  ['CVE-2026-41059', '/public/x#y'],
  ['CVE-2023-47106', '/public/#/../admin/x'],
  ['CVE-2021-32637', '/admin/x%'],
  ['CVE-2021-32637', '/public/%zz/../../admin/x'],
  ['GHSA-p68q-wchp-6fh7', '/admin/%'],
  ['GHSA-p68q-wchp-6fh7', '/.stagedoor/%c0'],
  ['CVE-2021-39206', '/public/..%2Fadmin/x'],
  ['CVE-2021-39206', '/public/%2e%2e/admin/x'],
  ['CVE-2025-32431', '/public/../admin/x'],
  ['CVE-2025-47952', '/public/%2e%2e%2fadmin/x'],
  ['CVE-2025-66490', '/admin%2Fx'],
  ['CVE-2025-66490', '/public%2f..%2fadmin/x'],
  ['CVE-2026-40912', '/public%2F/../admin/x'],
  ['CVE-2026-48020', '/public/./../admin/x'],
  ['CVE-2026-48020', '/public../admin/x'],
  ['CVE-2026-65600', '/public/..;/admin/x'],
  ['CVE-2026-52844', '/public/..%5cadmin/x'],
  ['CVE-2026-27587', '/%61dmin/x'],
  ['CVE-2026-27587', '/%2561dmin/x'],
  ['CVE-2023-33189', '/admin//x'],
  ['CVE-2026-45692', '/admin/00/../x'],
  ['CVE-2026-26205', '//public/admin/x'],
  ['CVE-2026-26205', '//localhost/admin/x'],
  ['CVE-2026-73553', '/admin;a=b/x'],
  ['CVE-2026-73511', '/public;/../admin/x'],
  ['CVE-2026-73511', '/admin/x;/public/y'],
  ['CVE-2026-73551', '/public/.;/../admin/x'],
  ['CVE-2026-73551', '/.;/admin/x'],
  ['CVE-2026-73551', '/public/..;a=b/admin/x'],
]

t.test('a guarded path stays guarded in every spelling and with any headers', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const [ids, target, ...fields] of requests) {
    const lines = fields.map((field) => `${field}\r\n`).join('')
    const answer = await exchange(stack.url, `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`)
    t.match(answer, /^HTTP\/1.1 4/, `${ids}: ${target} ${fields.join()}`)
  }
  t.same(
    stack.origin.seen.map(({ url }) => url),
    [],
    'nothing reached the upstream',
  )
})
