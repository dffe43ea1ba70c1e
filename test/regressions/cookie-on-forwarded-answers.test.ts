import t from 'tap'

import { startStack } from '../support/stack.ts'

t.test('a session in use gets a new cookie with a forwarded answer', async (t) => {
  let now = Date.now()
  const stack = await startStack(t, { now: () => now, config: { session: { idleTimeout: '10m', refreshEvery: '1h' } } })
  const { browser } = await stack.signIn()
  now += 61_000
  const page = await browser.fetch(`${stack.url}/`)
  t.equal(page.status, 200)
  t.match(page.headers.get('set-cookie'), /^stagedoor=eyJ.*; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
  now += 9 * 60_000
  t.equal((await browser.fetch(`${stack.url}/`)).status, 200, 'ten minutes count from the last use')
})
