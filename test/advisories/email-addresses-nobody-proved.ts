import t from 'tap'

import type { TokenFaults } from '../../auth0/local/hostile.ts'
import { startStack } from '../support/stack.ts'

const routes = [{ name: 'staff', path: '/**', allow: { emailDomains: ['company.com'] } }]

const refused: [ids: string, claims: NonNullable<TokenFaults['claims']>][] = [
  ['CVE-2026-40574', { email: 'attacker@evil.example@company.com', email_verified: true }],
  ['CVE-2026-40574', { email: '"a@company.com"@evil.example', email_verified: true }],
  ['CVE-2026-40574', { email: 'a@company.com\n@evil.example', email_verified: true }],
  ['CVE-2026-40574', { email: '@company.com', email_verified: true }],
  ['CVE-2026-40574', { email: 'a@xcompany.com', email_verified: true }],
  ['CVE-2026-106488', { email: 'jane@company.com', email_verified: false }],
  ['CVE-2026-106488', { email: 'jane@company.com', email_verified: 'true' }],
]

t.test('an invalid or unverified e-mail address matches no domain', async (t) => {
  const stack = await startStack(t, { config: { routes } })
  for (const [ids, claims] of refused) {
    stack.auth0.switches.setSettings({ idTokenFaults: { claims } })
    const { page } = await stack.signIn()
    t.ok(page.status >= 400 && page.status !== 500, `${ids}: ${JSON.stringify(claims)}: ${page.status}`)
  }
  stack.auth0.switches.setSettings({ idTokenFaults: { claims: { email: 'jane@company.com', email_verified: true } } })
  t.equal((await stack.signIn()).page.status, 200, 'one that was proved is')
})
