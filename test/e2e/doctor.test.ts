import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'
import { stringify } from 'yaml'

import { createProgram } from '../../src/cli/program.ts'
import { temporaryFolder } from '../cli/rotate/support.ts'
import { startPortal } from './portal.ts'

t.setTimeout(900_000)

t.test('against a real Backstage, Auth0’s stand-in and the gateway, the doctor finds nothing', async (t) => {
  const portal = await startPortal(t)
  const { auth0 } = portal
  const file = join(await temporaryFolder(t), 'stagedoor.yaml')
  await writeFile(
    file,
    stringify({
      server: { baseUrl: portal.url },
      auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
      session: { secrets: ['a secret for tests, at least 32 characters'] },
      upstreams: { backstage: { url: portal.backstageUrl } },
      routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    }),
  )
  const seen = { out: '', err: '', exitCode: undefined as number | undefined }
  const terminal = {
    env: {},
    folder: '/',
    out: (text: string) => void (seen.out += text),
    err: (text: string) => void (seen.err += text),
    setExitCode: (code: number) => void (seen.exitCode = code),
  }
  const surroundings = { readInput: async () => '', fetch, now: Date.now }
  await createProgram(terminal, async () => {}, surroundings).parseAsync(['doctor', '--config', file], { from: 'user' })
  t.equal(seen.exitCode, 0, seen.out + seen.err)
  t.match(seen.out, '✓ Backstage refuses forged identities of each kind')
  t.match(seen.out, '✓ Backstage’s base URLs are Stagedoor’s')
  t.match(seen.out, /checks, all well\.\n$/)
})
