import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { parse } from 'yaml'

import { projectEnvironment, repositoryRoot } from '../../scripts/testing/command.ts'

const run = (folder: string, command: string, ...args: string[]) =>
  spawnSync(command, args, {
    cwd: folder,
    env: projectEnvironment(),
    encoding: 'utf8',
  })

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

t.test('a release publishes the gateway and the packages for Backstage, with provenance', async (t) => {
  const { jobs } = parse(textOf('.github/workflows/release.yml'))
  const commands: string[] = jobs.publish.steps.map(({ run: command = '' }: { run?: string }) => command)
  const packing = commands.findIndex((command) => command.startsWith('npm pack --pack-destination "$RUNNER_TEMP"'))
  t.ok(
    packing >= 0 && packing < commands.indexOf('npm run pack'),
    'packed before the others, whose folder its build empties',
  )
  t.match(
    commands.at(-1),
    /for tarball in .*"\$RUNNER_TEMP"\/stagedoor-\*\.tgz; do[^]*npm publish "\$tarball" --provenance/,
  )
  const repositoryOf = (path: string) => JSON.parse(textOf(path)).repository.url
  t.equal(repositoryOf('package.json'), repositoryOf('packages/assertion-contract/package.json'))
})

t.test('the package installs from its tarball into an empty folder, and its command runs there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-package-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const packed = run(repositoryRoot, 'npm', 'pack', '--pack-destination', folder)
  t.equal(packed.status, 0, packed.stderr)
  const [tarball = ''] = readdirSync(folder)
  t.match(tarball, /^stagedoor-\d+\.\d+\.\d+\.tgz$/)

  const installed = run(
    folder,
    'npm',
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    join(folder, tarball),
  )
  t.equal(installed.status, 0, installed.stderr)
  writeFileSync(
    join(folder, 'stagedoor.yaml'),
    [
      'server: { baseUrl: https://portal.example.com }',
      'auth0: { issuer: https://tenant.eu.auth0.com/, clientId: hU2gRqWzX7pLkT0aYbN4cD9e, clientSecrets: [pZ3kN8xQ1vT6yB4mR9wL2cF7hJ5dG0sA] }',
      'session: { secrets: [0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL] }',
      'upstreams: { backstage: { url: http://127.0.0.1:7007 } }',
      'routes: [{ name: everything, path: /**, allow: authenticated }]',
    ].join('\n'),
  )
  const stagedoor = join(folder, 'node_modules/.bin/stagedoor')
  const checked = run(folder, stagedoor, 'check', '--config', 'stagedoor.yaml')
  t.equal(checked.status, 0, checked.stdout + checked.stderr)
  const refused = run(folder, stagedoor, 'check', '--config', 'missing.yaml')
  t.not(refused.status, 0)
  t.match(refused.stderr, /missing\.yaml/)
})
