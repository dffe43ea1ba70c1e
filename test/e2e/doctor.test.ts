import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'
import { stringify } from 'yaml'

import { allowAllPolicy, guestProvider, startStockBackend } from '../backstage/stock-backend.ts'
import { temporaryFolder } from '../cli/rotate/support.ts'
import { runCommand } from '../support/command.ts'
import { startPortal } from './portal.ts'

t.setTimeout(900_000)

type Fit = Parameters<typeof startPortal>[0]
type Application = { issuer: string; clientId: string; clientSecret: string }

async function examine(t: Fit, baseUrl: string, backstageUrl: string, auth0: Application, more: string[] = []) {
  const file = join(await temporaryFolder(t), 'stagedoor.yaml')
  await writeFile(
    file,
    stringify({
      server: { baseUrl },
      auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
      session: { secrets: ['a secret for tests, at least 32 characters'] },
      upstreams: { backstage: { url: backstageUrl } },
      routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    }),
  )
  return runCommand(['doctor', '--config', file, ...more])
}

t.test('the doctor has no findings for a real Backstage, the local Auth0 and the gateway', async (t) => {
  const portal = await startPortal(t)
  const seen = await examine(t, portal.url, portal.backstageUrl, portal.auth0)
  t.equal(seen.exitCode, 0, seen.out + seen.err)
  t.match(seen.out, '✓ Backstage refuses forged identities of each kind')
  t.match(seen.out, '✓ Backstage’s base URLs are Stagedoor’s')
  t.match(seen.out, /checks, all well\.\n$/)
})

t.test('the doctor reports the faults of a stock Backstage with the guest provider', async (t) => {
  const providers = { guest: { dangerouslyAllowOutsideDevelopment: true } }
  const stock = await startStockBackend(t, [allowAllPolicy, guestProvider], { auth: { providers } })
  const nobody = { issuer: 'http://127.0.0.1:1/', clientId: 'a', clientSecret: 'b' }
  const only = ['--json', '--skip', 'auth0', 'base-url', 'cookie']
  const { out } = await examine(t, 'http://localhost:1', stock.url, nobody, only)
  const { findings } = JSON.parse(out) as { findings: { id: string }[] }
  t.same(
    findings.map(({ id }) => id),
    ['backstage-module', 'backstage-guest', 'backstage-base-url'],
    out,
  )
})
