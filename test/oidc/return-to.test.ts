import t from 'tap'

import { safeReturnTo } from '../../src/oidc/return-to.ts'

const base = 'https://portal.example.com'

const rows: [requested: string | undefined, expected: string][] = [
  [undefined, '/'],
  ['', '/'],
  ['/', '/'],
  ['/catalog?filters[kind]=component#top', '/catalog?filters[kind]=component#top'],
  ['catalog', '/catalog'],
  ['/a/../b', '/b'],
  [`${base}/catalog`, '/catalog'],
  ['HTTPS://PORTAL.EXAMPLE.COM/catalog', '/catalog'],
  ['//evil.example', '/'],
  ['///evil.example', '/'],
  ['/\\evil.example', '/'],
  ['\\\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['\t//evil.example', '/'],
  ['/\n/evil.example', '/'],
  ['/..//evil.example', '/'],
  ['/.//evil.example', '/'],
  ['/%2e%2e//evil.example', '/'],
  ['https://evil.example/', '/'],
  ['https:evil.example', '/evil.example'],
  ['https://portal.example.com@evil.example/', '/'],
  ['https://user:pass@portal.example.com/catalog', '/'],
  ['https://portal.example.com.evil.example/', '/'],
  ['https://portal.example.com:8443/', '/'],
  ['http://portal.example.com/', '/'],
  ['javascript:alert(1)', '/'],
  ['data:text/html,x', '/'],
  ['https://', '/'],
  [`/${'a'.repeat(1_999)}`, `/${'a'.repeat(1_999)}`],
  [`/${'a'.repeat(2_000)}`, '/'],
  ['/.stagedoor/login', '/'],
  ['/.stagedoor/callback?code=x', '/'],
  ['/.STAGEDOOR/logout', '/'],
  ['/x/../.stagedoor/login', '/'],
  ['/.stagedoor/', '/.stagedoor/'],
]

t.test('after login a browser goes to a path of this portal, for any link', async (t) => {
  for (const [requested, expected] of rows) {
    t.equal(safeReturnTo(requested, base, '/.stagedoor'), expected, JSON.stringify(requested))
  }
})

t.test('the returned path resolves to the portal', async (t) => {
  for (const [requested] of rows) {
    t.equal(new URL(safeReturnTo(requested, base, '/.stagedoor'), base).origin, base, JSON.stringify(requested))
  }
})
