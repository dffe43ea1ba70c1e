import t from 'tap'

import type { Init } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

/** A signed-in person's browser sends these for a page at another host of the same domain; the session cookie goes with them. */
const sibling = { origin: 'http://evil.localhost', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }
const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const frame = { ...link, 'sec-fetch-dest': 'iframe' }
const old = { origin: 'http://evil.localhost', 'sec-fetch-mode': 'cors' }
const ours = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }

type Outcome = 200 | 403
const requests: [what: string, init: Init, outcomes: { navigate: Outcome; read: Outcome; all: Outcome }][] = [
  ['a link is followed', { headers: link }, { navigate: 200, read: 200, all: 200 }],
  ['an address is typed', { headers: { ...link, 'sec-fetch-site': 'none' } }, { navigate: 200, read: 200, all: 200 }],
  ['a frame loads', { headers: frame }, { navigate: 403, read: 200, all: 200 }],
  ['a script reads', { headers: sibling }, { navigate: 403, read: 200, all: 200 }],
  ['a script changes', { method: 'POST', headers: sibling }, { navigate: 403, read: 403, all: 200 }],
  ['a form changes', { method: 'POST', headers: { ...link, origin: 'null' } }, { navigate: 403, read: 403, all: 200 }],
  ['an older browser reads', { headers: old }, { navigate: 403, read: 200, all: 200 }],
  ['an older browser changes', { method: 'POST', headers: old }, { navigate: 403, read: 403, all: 200 }],
  ['a page of ours changes', { method: 'POST', headers: ours }, { navigate: 200, read: 200, all: 200 }],
  ['a program changes', { method: 'POST' }, { navigate: 200, read: 200, all: 200 }],
]

for (const otherOrigins of ['navigate', 'read', 'all'] as const) {
  t.test(
    `session.otherOrigins limits what pages of other origins may request with a session: ${otherOrigins}`,
    async (t) => {
      const stack = await startStack(t, { config: { session: { otherOrigins } } })
      const { browser } = await stack.signIn()
      const before = stack.origin.seen.length
      for (const [what, init, outcomes] of requests) {
        const page = await browser.step(`${stack.url}/x`, init)
        t.equal(page.status, outcomes[otherOrigins], what)
      }
      const passed = requests.filter(([, , outcomes]) => outcomes[otherOrigins] === 200)
      t.equal(stack.origin.seen.length - before, passed.length, 'what is refused reaches no upstream')
    },
  )
}

const ownActions = ['logout', 'sessions/end', 'admin/sessions/revoke', 'admin/keys/rotate']

t.test('only our own pages may use our own actions, for any session.otherOrigins', async (t) => {
  const stack = await startStack(t, { config: { session: { otherOrigins: 'all' } } })
  const { browser } = await stack.signIn()
  for (const action of ownActions) {
    const forged = await browser.step(`${stack.url}/.stagedoor/${action}`, { method: 'POST', headers: sibling })
    t.match(forged, { status: 403, text: /STAGEDOOR_SESSION_CROSS_SITE/ }, action)
  }
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200)
})

t.test('session.otherOrigins does not apply to a request without a session', async (t) => {
  const stack = await startStack(t)
  const { page, browser } = await stack.signIn()
  t.equal(page.status, 200)
  browser.cookiesOf(stack.url).clear()
  const answer = await browser.step(`${stack.url}/public/x`, { method: 'POST', headers: sibling })
  t.equal(answer.status, 200)
})
