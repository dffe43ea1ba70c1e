import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { stringify } from 'yaml'

import { repositoryRoot } from '../../scripts/testing/command.ts'

// The admin listener, already open, kept the process alive: healthy by its probes, and without a main listener.
t.test('a gateway whose port is taken reports it and ends', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-start-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'stagedoor.yaml')
  const listen = { host: '127.0.0.1', port }
  await writeFile(
    file,
    stringify({
      server: { baseUrl: `http://localhost:${port}`, listen, admin: { port: 0 } },
      auth0: { issuer: 'http://127.0.0.1:9/', clientId: 'none', clientSecrets: ['none'] },
      session: { secrets: ['a secret for tests, at least 32 characters'] },
      upstreams: { backstage: { url: 'http://127.0.0.1:9' } },
      routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
      log: { level: 'silent' },
    }),
  )

  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', file]
  const gateway = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => gateway.kill('SIGKILL'))
  const [[code], said] = await Promise.all([once(gateway, 'exit'), gateway.stderr.setEncoding('utf8').toArray()])
  t.equal(code, 1)
  t.match(said.join(''), 'EADDRINUSE')
})
