import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { stringify } from 'yaml'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { createBrowser } from '../support/browser.ts'
import { endWithUs } from '../support/children.ts'
import { freePort } from '../support/ports.ts'
import { passLoginPage } from '../support/stack.ts'
import { until } from '../support/until.ts'

// Fastify's `listen` wrote functions into the configuration, and the page that shows it answered 500.
t.test('a started process shows its configuration in the console', async (t) => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const auth0 = await startLocalAuth0({ callbacks: [`${url}/.stagedoor/callback`] })
  t.teardown(() => auth0.close())
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-start-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'stagedoor.yaml')
  await writeFile(
    file,
    stringify({
      server: { baseUrl: url, listen: { host: '127.0.0.1', port }, admin: { port: 0 } },
      auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
      session: { secrets: ['a secret for tests, at least 32 characters'] },
      upstreams: { backstage: { url: 'http://127.0.0.1:9' } },
      routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
      log: { level: 'silent' },
    }),
  )
  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', file]
  const gateway = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: 'ignore' })
  endWithUs(gateway)
  t.teardown(() => gateway.kill('SIGKILL'))
  const isUp = () => fetch(`${url}/.stagedoor/health/live`).then(({ ok }) => ok)
  await until(() => isUp().catch(() => false))

  const browser = createBrowser()
  await passLoginPage(await browser.open(`${url}/.stagedoor/`), browser, 'jane@example.com')
  const page = await browser.open(`${url}/.stagedoor/admin/configuration`)
  t.equal(page.status, 200)
  t.match(page.text, `${file}:2`, 'with the line of each value')
})
