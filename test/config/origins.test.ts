import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'

import { shownOptions } from '../../src/config/effective.ts'
import { loadConfig } from '../../src/config/load.ts'

t.test('each option in force has its origin: line, variable, secret file or default', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-origins-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const base = join(folder, 'a.yaml')
  const over = join(folder, 'b.yaml')
  const lines = [
    'server:',
    '  baseUrl: https://${HOST}:${PORT:-8443}',
    'auth0:',
    '  domain: t.eu.auth0.com',
    '  clientId: ${CLIENT:-fallback}',
    '  clientSecrets: [{ $file: secret }]',
    'session: { secrets: [a secret for tests that is long enough] }',
    'upstreams: { backstage: { url: http://127.0.0.1:7007 } }',
    'routes:',
    '  - { name: everything, path: /**, allow: authenticated }',
    '  - { name: late, path: /x, methods: [GET, POST], allow: { roles: [a, b] } }',
  ]
  await writeFile(base, lines.join('\n'))
  await writeFile(over, '\nsession: { idleTimeout: 90m }\n')
  await writeFile(join(folder, 'secret'), 'sesame-open-the-door-please')
  const { config, origins } = await loadConfig({ files: [base, over], env: { HOST: 'portal.example.com' } })
  const shown = new Map(shownOptions(config, origins).map(({ option, value, from }) => [option, [value, from]]))
  const expected: [option: string, value: string, from: string][] = [
    ['server.baseUrl', 'https://portal.example.com:8443', `${base}:2, variable HOST`],
    ['server.listen.port', '8080', 'default'],
    ['auth0.issuer', 'https://t.eu.auth0.com/', `${base}:4`],
    ['auth0.clientId', 'fallback', `${base}:5`],
    ['auth0.clientSecrets', '[secret]', `${base}:6, file ${join(folder, 'secret')}`],
    ['session.secrets', '[secret]', `${base}:7`],
    ['session.idleTimeout', '90m', `${over}:2`],
    ['upstreams.backstage.urls', 'http://127.0.0.1:7007', `${base}:8`],
    ['routes[1].methods', 'GET, POST', `${base}:11`],
    ['routes[1].allow.roles', 'a, b', `${base}:11`],
    ['machines.audiences', 'none', 'default'],
    ['audit.sinks[0].stdout', '{}', 'default'],
  ]
  for (const [option, value, from] of expected) t.same(shown.get(option), [value, from], option)
  t.notMatch(JSON.stringify([...shown, ...origins]), /sesame|a secret for tests/, 'no secret is shown')
})

t.test('an option without a value is not shown', async (t) => {
  t.same(shownOptions({ log: { level: undefined } } as never, new Map()), [])
})
