import t from 'tap'

import { type Stack, startStack } from '../support/stack.ts'

/** The page for a person who has a session at the login service, and none here. */
async function pageOfReturning(stack: Stack) {
  const { browser, page } = await stack.signIn()
  t.equal(page.status, 200)
  browser.cookiesOf(stack.url).clear()
  return browser.open(`${stack.url}/`)
}

t.test('a session of the login service signs a person in silently, as single sign-on does', async (t) => {
  const stack = await startStack(t)
  t.match(await pageOfReturning(stack), { status: 200, url: `${stack.url}/` })
})

t.test('with auth0.prompt no session begins before the person has acted (OWASP ASVS 7.6.2)', async (t) => {
  const stack = await startStack(t, { config: { auth0: { prompt: 'login' } } })
  const page = await pageOfReturning(stack)
  t.match(page.url, stack.auth0.issuer)
  t.match(page.text, 'name="password"')
})

t.test('a link cannot choose another prompt', async (t) => {
  const stack = await startStack(t, { config: { auth0: { prompt: 'select_account' } } })
  const { browser } = await stack.signIn()
  const login = await browser.step(`${stack.url}/.stagedoor/login?return_to=/a&prompt=none`)
  t.equal(new URL(login.location ?? '').searchParams.get('prompt'), 'select_account')
})
