import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const hourMs = 3_600_000

t.test('a copied cookie is invalid once its session has ended', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, {
    now: () => now,
    config: { session: { idleTimeout: '1h', absoluteTimeout: '2h' } },
  })
  const { browser } = await stack.signIn()
  const kept = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
  const replay = (cookie = kept) =>
    createBrowser().fetch(`${stack.url}/`, { headers: { cookie: `stagedoor=${cookie}` } })
  t.equal((await replay()).status, 200)
  now += 3 * hourMs
  t.equal((await replay()).status, 401, 'CVE-2025-46344')
  for (const changed of [`9${kept}`, `${kept}9`, kept.slice(1), kept.replace('.', '.9')])
    t.equal((await replay(changed)).status, 401, 'CVE-2023-35941')
})

t.test('a sign-out invalidates the cookie and deletes it with the attributes of its creation', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  const kept = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
  const answer = await browser.step(`${stack.url}/.stagedoor/logout`, {
    method: 'POST',
    headers: { origin: stack.url, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams(),
  })
  const replayed = await createBrowser().fetch(`${stack.url}/`, { headers: { cookie: `stagedoor=${kept}` } })
  t.equal(replayed.status, 401, 'CVE-2024-21492')
  const clearing = answer.headers.getSetCookie().filter((line) => line.startsWith('stagedoor='))
  t.match(clearing, [/Max-Age=0/i], 'CVE-2025-55162')
  t.match(clearing[0], /Path=\//i, 'CVE-2025-55162: the same path as it was set with')
})
