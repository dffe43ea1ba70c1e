import type { Page } from 'playwright-core'
import t from 'tap'

import { openChromium } from '../../support/chromium.ts'
import { ask, machinesIn, machineToken } from '../../support/machine.ts'
import { startStack } from '../../support/stack.ts'

t.test('the token page is for people who are signed in', async (t) => {
  const stack = await startStack(t)
  t.match(await ask(`${stack.url}/.stagedoor/token`), { status: 401, body: { code: 'STAGEDOOR_SESSION_REQUIRED' } })
})

t.test('without machine access, the page says that no token is accepted', async (t) => {
  const stack = await startStack(t)
  const { page } = await stack.signIn(undefined, undefined, '/.stagedoor/token')
  t.equal(page.url, `${stack.url}/.stagedoor/token`)
  t.match(page.text, 'This portal takes no tokens of programs.')
})

t.test('a token is decoded and explained in the browser and never leaves it', async (t) => {
  const stack = await startStack(t, { config: { machines: machinesIn } })
  const context = await openChromium(t)
  const page = await context.newPage()
  const violations: string[] = []
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text())
  })
  await page.goto(`${stack.url}/.stagedoor/token`)
  await page.getByRole('button', { name: 'Jane Doe' }).click()
  await page.getByLabel('Token').waitFor()

  const sent: string[] = []
  page.on('request', (request) => sent.push(request.url()))
  const good = machineToken(stack.auth0, { 'https://x.example/<b>': '<img src=x onerror=alert(1)>' })
  t.match(
    await decoded(page, `Bearer ${good}`),
    /✓ Nothing wrong.*Header.*alg.*RS256.*Claims.*stagedoor-machine@clients/s,
  )
  t.equal(await page.locator('#output img').count(), 0, 'text of the token stays text')

  const rows: [string, RegExp][] = [
    ['opaque', /asked without audience,/],
    ['a.b.c.d.e', /encrypted/],
    ['a.b', /three parts/],
    ['a.b.c', /not a JSON object/],
    [machineToken(stack.auth0, {}, { alg: 'HS256' }), /HS256.*RS256/s],
    [machineToken(stack.auth0, {}, { alg: 'none' }), /not signed/],
    [machineToken(stack.auth0, { exp: 1 }), /has expired.*Jan 1, 1970, 9:00:01 AM GMT\+9/s],
    [machineToken(stack.auth0, { aud: 'urn:other' }), /another API.*audience https:\/\//s],
    [machineToken(stack.auth0, { aud: stack.auth0.clientId }), /This is an ID token/],
    [machineToken(stack.auth0, { iss: stack.auth0.issuer.slice(0, -1) }), /last slash/],
    [machineToken(stack.auth0, { iss: 'https://evil.example/' }), /Another issuer.*Ask http:\/\/.* for tokens/s],
  ]
  for (const [token, expected] of rows) {
    const text = await decoded(page, token)
    t.match(text, expected)
    t.notMatch(text, /`|auth0\.issuer|machines\./, 'no literal backtick, and no option: the reader is no operator')
  }
  t.same(sent, [])
  t.same(violations, [])
})

async function decoded(page: Page, token: string): Promise<string> {
  await page.getByLabel('Token').fill(token)
  return page.locator('#output').innerText()
}
