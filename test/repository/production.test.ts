import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import type { Test } from 'tap'

import { startProgram, stopProgram, untilReady } from '../../scripts/demo/child.ts'
import { projectEnvironment, repositoryRoot } from '../../scripts/testing/command.ts'
import { freePort } from '../support/ports.ts'

const run = (folder: string, command: string, args: string[]): void => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env: projectEnvironment(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`)
}

/** A folder with the content of the image's /app, made by the same steps. */
const installProduction = (t: Test): string => {
  // Outside of the repository, so that Node does not find its node_modules.
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-production-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const path of ['package.json', 'package-lock.json', '.npmrc', 'config']) {
    cpSync(join(repositoryRoot, path), join(folder, path), { recursive: true })
  }
  run(folder, 'npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline'])
  run(repositoryRoot, 'tsc', ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')])
  return folder
}

/** The image's entry point of the gateway. */
const entryPoint = (): { flags: string[]; script: string } => {
  const [, line = ''] = /^ENTRYPOINT (.+)$/m.exec(readFileSync(join(repositoryRoot, 'Dockerfile'), 'utf8')) ?? []
  const [node, ...args] = JSON.parse(line) as string[]
  if (node !== 'node') throw new Error(`the image starts ${node}`)
  return { flags: args.slice(0, -1), script: args.at(-1) ?? '' }
}

t.test('the production install has no development package, starts, answers and stops', async (t) => {
  const folder = installProduction(t)
  for (const name of ['typescript', 'tap', 'oidc-provider', 'playwright-core']) {
    t.notOk(existsSync(join(folder, 'node_modules', name)), name)
  }
  const { flags, script } = entryPoint()
  const port = await freePort()
  const gateway = startProgram(
    'Stagedoor',
    [...flags, join(folder, script), 'start'],
    {
      STAGEDOOR_BASE_URL: `http://localhost:${port}`,
      STAGEDOOR_PORT: String(port),
      STAGEDOOR_SESSION_SECRET: 'only-for-a-test-only-for-a-test-only-for-a-test',
      AUTH0_ISSUER: 'http://localhost:1/',
      AUTH0_CLIENT_ID: 'client',
      AUTH0_CLIENT_SECRET: 'client-secret',
      BACKSTAGE_URL: 'http://127.0.0.1:1',
    },
    join(folder, 'stagedoor.log'),
  )
  t.teardown(() => stopProgram(gateway))
  await untilReady(gateway, `http://127.0.0.1:${port}/.stagedoor/health/live`, 20_000)
  await stopProgram(gateway)
  t.equal(gateway.child.exitCode, 0)
})
