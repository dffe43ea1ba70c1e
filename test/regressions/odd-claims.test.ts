import { decodeJwt } from 'jose'
import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

const half = '\ud83d'

t.test('half of a surrogate pair in a claim does not fail requests', async (t) => {
  const stack = await startStack(t, { config: { assertion: { headers: ['assertion', 'oauth2-proxy'] } } })
  stack.auth0.switches.setSettings({
    idTokenFaults: {
      claims: {
        name: `Jane ${half}`,
        nickname: half,
        email: `jane${half}@example.com`,
        picture: half,
        org_name: half,
        sid: half,
        acr: half,
        amr: [half],
        'https://stagedoor.example.com/roles': [half],
        'https://stagedoor.example.com/groups': [`team ${half}`],
        permissions: [half],
      },
    },
  })
  const { page, browser } = await stack.signIn('jane@example.com', createBrowser())
  t.equal(page.status, 200)
  const { headers } = JSON.parse(page.text)
  t.match(decodeJwt(headers['x-stagedoor-assertion']), { name: 'Jane \ufffd', groups: ['team \ufffd'] })
  t.match(headers, { 'x-forwarded-groups': 'team %EF%BF%BD', 'x-forwarded-preferred-username': '%EF%BF%BD' })
  for (const path of ['/.stagedoor/', '/.stagedoor/me', '/.stagedoor/logout', '/.stagedoor/login']) {
    t.equal((await browser.step(stack.url + path)).status, 200, path)
  }
})

t.test('a session with an end long before the epoch ends at once and does not fail requests', async (t) => {
  const stack = await startStack(t)
  stack.auth0.switches.setSettings({ idTokenFaults: { claims: { session_expiry: -1e300 } } })
  const { page, browser } = await stack.signIn()
  t.equal(page.status, 400)
  t.match(page.text, 'STAGEDOOR_OIDC_SESSION_NOT_KEPT')
  t.equal((await browser.fetch(`${stack.url}/`)).status, 401)
})

t.test('an unusable claim is logged once and counted every time', async (t) => {
  const stack = await startStack(t)
  stack.auth0.switches.setSettings({ idTokenFaults: { claims: { email_verified: 'true' } } })
  await stack.signIn()
  await stack.signIn('max@example.com')
  const named = stack.logged.filter(({ claim }) => claim === 'email_verified')
  t.match(named, [{ expected: 'true or false', found: 'text', msg: /wrong type/ }])
  t.equal(named.length, 1)
  const { body } = await stack.admin.inject('/metrics')
  t.match(body, /stagedoor_claims_unusable_total\{claim="email_verified"\} 2/)
})

t.test('log and metric are bounded even if a pattern matches many claims', async (t) => {
  const { createClaimReport } = await import('../../src/assembly/telemetry.ts')
  const lines: unknown[] = []
  const counted = new Map<string, number>()
  const report = createClaimReport({ warn: (line: unknown) => lines.push(line) } as never, {
    claimUnusable: (claim) => void counted.set(claim, (counted.get(claim) ?? 0) + 1),
  })
  for (let i = 0; i < 150; i++) report({ claim: `c${i}`, expected: 'text', found: 'a number' })
  t.equal(lines.length, 100)
  t.equal(counted.get('other'), 50)
})
