import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { exchange } from '../support/raw.ts'
import { startStack } from '../support/stack.ts'

/** Values that redirected a login to another site, and their target. */
const returns: [ids: string, returnTo: string][] = [
  ['CVE-2017-1000070', 'https://evil.example/'],
  ['CVE-2017-1000070', '//evil.example/'],
  ['CVE-2020-5233', '/\\evil.example'],
  ['CVE-2020-11053', '/\t/evil.example'],
  ['CVE-2020-11053', '/ /evil.example'],
  ['CVE-2020-4037', '/\n/evil.example'],
  ['CVE-2020-4037', '/./../../\\evil.example'],
  ['CVE-2021-21291', 'http://localhost.evil.example/'],
  ['CVE-2021-21291', 'http://evillocalhost/'],
  ['CVE-2021-43812', 'https:evil.example'],
  ['CVE-2021-43812', '\thttps://evil.example'],
  ['CVE-2024-21497', 'javascript:alert(1)//'],
  ['CVE-2021-39191', 'https:///evil.example'],
  ['CVE-2021-29456', '/%0d%0aLocation:%20https://evil.example'],
  ['CVE-2021-29456', 'http://localhost@evil.example/'],
  ['CVE-2019-20479', '/\\/evil.example'],
  ['CVE-2022-23527', '/\t\\evil.example'],
  ['CVE-2021-29651', 'https://evil.example/.pomerium/callback'],
]

t.test('a login ends on our own origin for any link', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  for (const [ids, returnTo] of returns) {
    const page = await browser.open(`${stack.url}/.stagedoor/login?return_to=${encodeURIComponent(returnTo)}`)
    t.equal(new URL(page.url).origin, stack.url, `${ids}: ${JSON.stringify(returnTo)}`)
    t.ok(page.status < 500, `${ids}: ${JSON.stringify(returnTo)}`)
  }
})

t.test('a sign-out ends on our own origin (CVE-2021-32786, CVE-2019-14857)', async (t) => {
  const stack = await startStack(t)
  for (const returnTo of ['https://evil.example\\@localhost/', '/\\evil.example', '//evil.example']) {
    const { browser } = await stack.signIn()
    const page = await browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', { return_to: returnTo })
    t.equal(new URL(page.url).origin, stack.url, returnTo)
    t.notMatch(page.text, /evil/, returnTo)
  }
})

t.test('a path that starts with two slashes is no valid return_to', async (t) => {
  const stack = await startStack(t)
  for (const [ids, target] of [
    ['CVE-2022-24794', '//evil.example'],
    ['CVE-2022-28923', '//evil.example/..'],
    ['CVE-2022-29718', '//evil.example/%2f..'],
  ] as const) {
    const answer = await exchange(
      stack.url,
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Mode: navigate\r\n\r\n`,
    )
    t.match(answer, /^HTTP\/1.1 400/, ids)
    t.notMatch(answer, /^location:/im, ids)
  }
})

t.test('X-Forwarded-Prefix of an untrusted client does not change redirects', async (t) => {
  const stack = await startStack(t)
  for (const [ids, prefix] of [
    ['CVE-2020-15129', 'https://evil.example'],
    ['CVE-2024-52003', '%0d//evil.example'],
  ] as const) {
    const page = await createBrowser().step(`${stack.url}/x`, { headers: { 'x-forwarded-prefix': prefix } })
    t.match(page, { status: 302, location: `${stack.url}/.stagedoor/login` }, ids)
    t.notMatch(page.location, /evil/, ids)
  }
})
