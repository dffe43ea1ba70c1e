import t from 'tap'

import { refuseChangeFromOtherOrigin } from '../../src/headers/other-origins.ts'
import { isNavigation, wantsPage } from '../../src/headers/page-or-script.ts'
import { isReservedHeader } from '../../src/headers/removed-headers.ts'

t.test('names that only the gateway may set are reserved in every spelling', async (t) => {
  for (const name of [
    'x-stagedoor-assertion',
    'x_stagedoor_assertion',
    'x-stagedoor_anything',
    'x-forwarded-user',
    'forwarded',
    'x-real-ip',
    'traceparent',
    'x-request-id',
    'x-oauth2-proxy-id-token',
    'x-auth-request-email',
  ]) {
    t.equal(isReservedHeader(name), true, name)
    t.equal(isReservedHeader(name), true, `${name}, asked again`)
  }
  for (const name of ['x-stagedoor', 'accept', 'authorization', 'x-custom', 'backstage-token']) {
    t.equal(isReservedHeader(name), false, name)
  }
})

t.test('a flood of header names is classified correctly, with a bounded cache', async (t) => {
  for (let i = 0; i < 1_500; i++) t.equal(isReservedHeader(`x-flood-${i}`), false)
  t.equal(isReservedHeader('x-stagedoor-late'), true)
})

const navigations: [method: string, headers: Record<string, string>, expected: boolean][] = [
  ['GET', { 'sec-fetch-mode': 'navigate' }, true],
  ['HEAD', { 'sec-fetch-mode': 'navigate' }, true],
  ['POST', { 'sec-fetch-mode': 'navigate' }, false],
  ['GET', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
  ['GET', { 'sec-fetch-mode': 'no-cors' }, false],
  ['GET', { accept: 'text/html,*/*' }, true],
  ['GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }, false],
  ['GET', { accept: '*/*' }, false],
  ['GET', {}, false],
  ['GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, true],
  ['GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, false],
  ['GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'embed' }, false],
  ['GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' }, false],
  ['GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch;prerender' }, false],
  ['GET', { accept: 'text/html', purpose: 'prefetch' }, false],
  ['GET', { accept: 'text/html', 'x-moz': 'prefetch' }, false],
]

t.test('only a page load counts as a navigation', async (t) => {
  for (const [method, headers, expected] of navigations) {
    t.equal(isNavigation(method, headers), expected, `${method} ${JSON.stringify(headers)}`)
  }
})

t.test('a form post gets a page as its answer, although it is no navigation', async (t) => {
  t.equal(wantsPage({ 'sec-fetch-mode': 'navigate' }), true)
  t.equal(wantsPage({ accept: 'text/html' }), true, 'from a browser without fetch metadata')
  t.equal(wantsPage({ accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }), false)
  t.equal(wantsPage({ 'sec-fetch-mode': 'cors', accept: 'text/html' }), false)
  t.equal(wantsPage({ accept: 'application/json' }), false)
})

const base = 'https://portal.example.com'
const senders: [headers: Record<string, string>, isOurs: boolean][] = [
  [{ origin: base, 'sec-fetch-site': 'same-origin' }, true],
  [{ origin: base }, true],
  [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ origin: 'null' }, false],
  [{}, false],
  [{ origin: 'https://evil.example' }, false],
  [{ origin: base, 'sec-fetch-site': 'cross-site' }, false],
  [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'none' }, false],
]

t.test('an action is accepted only from our own pages', async (t) => {
  for (const [headers, isOurs] of senders) {
    const act = () => refuseChangeFromOtherOrigin(headers, base)
    if (isOurs) t.doesNotThrow(act, JSON.stringify(headers))
    else t.throws(act, { code: 'STAGEDOOR_SESSION_CROSS_SITE' }, JSON.stringify(headers))
  }
})
