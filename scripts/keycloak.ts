/**
 * `npm run test:keycloak`: the tests of `test/identity-providers` against a real Keycloak, which Maven downloads once (180 MB).
 * It needs Java 21, Maven and unzip: `apt-get install default-jdk-headless maven unzip`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import { repositoryRoot, runCommand } from './testing/command.ts'
import { freePort } from './testing/ports.ts'

const version = '26.7.3'
const folder = join(repositoryRoot, '.cache', 'keycloak')
const home = join(folder, `keycloak-${version}`)
const maxStartMs = 300_000

/** @throws Error with the command that failed */
async function run(command: string, ...args: string[]): Promise<void> {
  if ((await runCommand(command, args)) !== 0) throw new Error(`failed: ${[command, ...args].join(' ')}`)
}

async function download(): Promise<void> {
  if (existsSync(home)) return
  console.log(`Downloading Keycloak ${version} …`)
  mkdirSync(folder, { recursive: true })
  const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'
  await run('mvn', '--quiet', '--batch-mode', `${plugin}:copy`, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`)
  await run('unzip', '-q', join(folder, `keycloak-quarkus-dist-${version}.zip`), '-d', folder)
}

const answers = async (url: string): Promise<boolean> => {
  const answer = await fetch(`${url}/realms/master`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
  return answer?.ok ?? false
}

await download()
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const keycloak = spawn(join(home, 'bin', 'kc.sh'), ['start-dev', '--http-port', String(port)], {
  // A group of its own, since the script starts Java.
  detached: true,
  env: { ...env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
  stdio: ['ignore', 'ignore', 'inherit'],
})
const ended = once(keycloak, 'exit')
let hasEnded = false
void ended.then(() => (hasEnded = true))
try {
  const endsAt = performance.now() + maxStartMs
  while (!(await answers(url))) {
    if (hasEnded) throw new Error('Keycloak ended at its start; it needs Java 21')
    if (performance.now() > endsAt) throw new Error(`Keycloak did not answer within ${maxStartMs / 1000} s`)
    await delay(500)
  }
  env['KEYCLOAK_URL'] = url
  process.exitCode = await runCommand('npm', ['test', '--', 'test/identity-providers'])
} finally {
  if (!hasEnded && keycloak.pid !== undefined) process.kill(-keycloak.pid)
  await ended
}
