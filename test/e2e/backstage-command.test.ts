import t from 'tap'

import { ask } from '../support/machine.ts'
import { createBackstageCommand } from './backstage-command.ts'
import { giveConsent } from './consent.ts'
import { startPortal } from './portal.ts'

const routes = [
  { name: 'auth-metadata', path: '/api/auth/.well-known/**', methods: ['GET'], allow: 'public' },
  { name: 'auth-token', path: '/api/auth/v1/token', methods: ['POST'], allow: 'public' },
  { name: 'auth-revoke', path: '/api/auth/v1/revoke', methods: ['POST'], allow: 'public' },
  { name: 'auth-userinfo', path: '/api/auth/v1/userinfo', methods: ['GET'], allow: 'authenticated' },
  { name: 'catalog', path: '/api/catalog/**', allow: 'authenticated' },
  { name: 'everything', path: '/**', allow: 'authenticated' },
]

t.test(
  '`backstage-cli auth` logs in, shows who it is, reads the catalog and logs out',
  { timeout: 300_000 },
  async (t) => {
    const portal = await startPortal(t, {
      config: { routes, machines: { backstageTokens: { rules: ['auth-userinfo', 'catalog'] } } },
      configFiles: ['app-config.cli.yaml'],
      mode: 'development',
    })
    const { url } = portal
    const { browser } = await portal.signIn('jane@example.com', undefined, '/catalog')
    const command = await createBackstageCommand(t)

    const printed = await command.logIn(url, async (authorizationUrl) =>
      fetch(await giveConsent(browser, url, authorizationUrl)),
    )
    t.match(printed, 'Login successful')
    t.match(await command.run('show'), 'user:default/jane')
    const token = await command.run('print-token')
    t.equal((await ask(`${url}/api/catalog/entities?limit=1`, token)).status, 200)
    t.match(await ask(`${url}/api/search/query`, token), { status: 401, body: { reason: 'backstage-token' } })
    t.match(await command.run('logout', '--instance', new URL(url).host), 'Logged out')
    t.ok(
      portal.records().some(({ rule, outcome }) => rule === 'auth-revoke' && outcome === 'allow'),
      'its refresh token was revoked',
    )
    await t.rejects(command.run('print-token'))
  },
)
