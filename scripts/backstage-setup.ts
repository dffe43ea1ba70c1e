import { join } from 'node:path'

import { runCommand } from './backstage-command.ts'
import { withProcessLock } from './backstage-lock.ts'
import { installPlugins } from './backstage-plugins.ts'
import { hashOf, onceFor } from './backstage-stamp.ts'

const root = join(import.meta.dirname, '..')
/** Where the example Backstage lives. */
export const exampleDirectory = join(root, 'examples/backstage')
const exampleModules = join(exampleDirectory, 'node_modules')

export type ProgressLog = (line: string) => void

/**
 * Installs and builds the example Backstage as far as that is not done yet: its dependencies, our plugins, its frontend.
 * Several processes may call this at once; one works, the others wait.
 */
export async function ensureBackstage({ log }: { log: ProgressLog }): Promise<void> {
  const onWait = () => log('Backstage: another process is setting it up, waiting for it')
  await withProcessLock(join(exampleDirectory, '.cache/setup.lock'), onWait, async () => {
    const dependencies = await hashOf(exampleDirectory, ['package.json', 'package-lock.json', '.npmrc'])
    await onceFor(join(exampleModules, '.stagedoor/dependencies'), dependencies, () => installDependencies(log))

    const plugins = await hashOf(root, ['{packages,plugins}/**/*.{ts,tsx,json}', 'scripts/backstage-plugins.ts'])
    await onceFor(join(exampleModules, '.stagedoor/plugins'), plugins, () => buildPlugins(log))

    const frontend = await hashOf(exampleDirectory, ['frontend/**/*.{ts,tsx,html,json}'])
    const stamp = `${dependencies} ${plugins} ${frontend}`
    await onceFor(join(exampleDirectory, 'frontend/dist/.stamp'), stamp, () => buildFrontend(log))
  })
}

async function installDependencies(log: ProgressLog): Promise<void> {
  log('Backstage: installing its 1,200 packages (800 MB), once; takes 1 to 5 minutes')
  await runCommand('npm', ['ci', '--no-audit', '--no-fund'], exampleDirectory)
}

async function buildPlugins(log: ProgressLog): Promise<void> {
  log('Backstage: building our plugins; takes a few seconds')
  await installPlugins(root, exampleModules)
}

async function buildFrontend(log: ProgressLog): Promise<void> {
  log('Backstage: bundling its frontend, once; takes about half a minute')
  await runCommand(process.execPath, [join(exampleModules, 'vite/bin/vite.js'), 'build', 'frontend'], exampleDirectory)
}

if (import.meta.main) {
  await ensureBackstage({ log: (line) => console.log(line) })
  console.log('Backstage: ready to start')
}
