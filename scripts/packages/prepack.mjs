/**
 * `prepack` of each package: `npm pack` in a fresh clone makes a package with code. Plain JavaScript, because the Node that
 * runs TypeScript comes with the root's `npm ci`, which this runs where it is missing. All output goes to stderr: npm's
 * stdout is for the name of the tarball.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const node = join(root, 'node_modules/.bin/node')

if (!existsSync(node)) run('npm', ['ci', '--no-audit'], root)
run(node, [join(import.meta.dirname, 'build-for-packing.ts')], process.cwd())

function run(command, parameters, cwd) {
  // The settings of the outer `npm pack`, such as a dry run, are not meant for this.
  const environment = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('npm_config_') || name === 'npm_config_registry',
  )
  const { status } = spawnSync(command, parameters, {
    cwd,
    env: Object.fromEntries(environment),
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(status ?? 1)
}
