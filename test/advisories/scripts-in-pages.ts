import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const script = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
const encoded = encodeURIComponent(script)

const pages: [ids: string, path: string][] = [
  ['CVE-2021-32702', `/.stagedoor/callback?error=${encoded}&error_description=${encoded}&state=${encoded}`],
  ['CVE-2023-52430', `/${encoded}`],
  ['CVE-2023-52430', `/.stagedoor/login?return_to=${encoded}`],
  ['CVE-2024-21496', `/.stagedoor/login?login_hint=${encoded}&organization=${encoded}&connection=${encoded}`],
  ['CVE-2026-33525', `/.stagedoor/signed-out?state=${encoded}`],
  ['CVE-2021-32792', `/.stagedoor/logout?return_to=${encoded}`],
  ['CVE-2021-43776', `/.stagedoor/callback?env=${encoded}&code=${encoded}`],
]

t.test('no page shows text of a link as markup or allows a script from it', async (t) => {
  const stack = await startStack(t)
  const { browser } = await stack.signIn()
  for (const [ids, path] of pages) {
    for (const who of [browser, createBrowser()]) {
      const page = await who.step(stack.url + path)
      const isHtml = page.headers.get('content-type')?.includes('html') === true
      if (isHtml) t.notMatch(page.text, /<script>alert|<img src=x/, `${ids}: ${path}`)
      if (isHtml) t.notMatch(page.headers.get('content-security-policy'), /unsafe-inline/, ids)
      t.not(page.status, 500, ids)
    }
  }
})

t.test('no page shows text of the login service as markup', async (t) => {
  const stack = await startStack(t)
  const said = [['CVE-2026-33525', { name: script, email: script, picture: script, nickname: script }]] as const
  for (const [ids, claims] of said) {
    stack.auth0.switches.setSettings({ idTokenFaults: { claims } })
    const { browser } = await stack.signIn()
    const page = await browser.step(`${stack.url}/.stagedoor/`)
    t.match(page.text, 'alert(1)', `${ids}: the page shows it`)
    t.notMatch(page.text, /<script>alert|<img src=x/, ids)
  }
  const browser = createBrowser()
  const { location = '' } = await browser.step(`${stack.url}/.stagedoor/login`)
  const state = encodeURIComponent(new URL(location).searchParams.get('state') ?? '')
  const query = `error=access_denied&error_description=${encoded}&state=${state}`
  const page = await browser.step(`${stack.url}/.stagedoor/callback?${query}`)
  t.match(page.text, 'alert(1)', 'CVE-2021-32702: the page shows it')
  t.notMatch(page.text, /<script>alert|<img src=x/, 'CVE-2021-32702')
})
