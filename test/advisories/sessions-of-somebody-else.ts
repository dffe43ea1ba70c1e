import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('a login replaces the previous session of the browser (CVE-2021-41246, CVE-2026-34454)', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn('max@example.com')
  const planted = browser.cookiesOf(stack.url).get('stagedoor') ?? ''
  const victim = createBrowser()
  victim.cookiesOf(stack.url).set('stagedoor', planted)
  const login = await victim.open(`${stack.url}/.stagedoor/login?return_to=/`)
  const page = await victim.submit(login.url, '/u/login', { username: 'jane@example.com', password: 'stagedoor' })
  t.equal(page.status, 200)
  const own = victim.cookiesOf(stack.url).get('stagedoor')
  t.not(own, planted)
  t.match((await victim.fetch(`${stack.url}/.stagedoor/me`)).text, 'jane@example.com')
  const attacker = createBrowser()
  attacker.cookiesOf(stack.url).set('stagedoor', planted)
  const left = await attacker.fetch(`${stack.url}/.stagedoor/me`)
  t.equal(left.status, 401, 'CVE-2026-34454: the session before it is over')
  t.notMatch(left.text, 'jane@example.com')
})
