import { join } from 'node:path'

import { runCommand } from './backstage-command.ts'
import { withProcessLock } from './backstage-lock.ts'
import { hashOf, onceFor } from './backstage-stamp.ts'
import { buildPackage, readManifest } from './packages/build.ts'
import { installPackages } from './packages/install.ts'

const root = join(import.meta.dirname, '..')
/** Where the example Backstage lives. */
export const exampleDirectory = join(root, 'examples/backstage')
const exampleModules = join(exampleDirectory, 'node_modules')

export type ProgressLog = (line: string) => void

/**
 * Installs and builds the example Backstage as far as that is not done yet: its dependencies, our packages, its frontend.
 * Several processes may call this at once; one works, the others wait.
 */
export async function ensureBackstage({ log }: { log: ProgressLog }): Promise<void> {
  await whileOthersWait(log, async () => {
    const { dependencies, packages } = await ensurePackages(log)
    const frontend = await hashOf(exampleDirectory, ['frontend/**/*.{ts,tsx,html,json}'])
    const stamp = `${dependencies} ${packages} ${frontend}`
    await onceFor(join(exampleDirectory, 'frontend/dist/.stamp'), stamp, () => buildFrontend(log))
  })
}

/** Installs the example's dependencies and our packages among them, as far as that is not done yet; no frontend. */
export async function ensurePackagesBuilt({ log }: { log: ProgressLog }): Promise<void> {
  await whileOthersWait(log, async () => void (await ensurePackages(log)))
}

/**
 * Builds the package in `directory` anew. The types of its dependencies are in the example's node_modules, which is
 * installed before; a package without dependencies needs none of that.
 */
export async function buildForPacking(directory: string, { log }: { log: ProgressLog }): Promise<void> {
  await whileOthersWait(log, async () => {
    const { dependencies } = await readManifest(directory)
    if (Object.keys(dependencies).length > 0) await ensurePackages(log)
    await buildPackage(directory)
  })
}

async function whileOthersWait(log: ProgressLog, task: () => Promise<void>): Promise<void> {
  const onWait = () => log('Backstage: another process is setting it up, waiting for it')
  await withProcessLock(join(exampleDirectory, '.cache/setup.lock'), onWait, task)
}

/** Installs the example's dependencies and our packages among them; returns the hashes of what they were made from. */
async function ensurePackages(log: ProgressLog): Promise<{ dependencies: string; packages: string }> {
  const dependencies = await hashOf(exampleDirectory, ['package.json', 'package-lock.json', '.npmrc'])
  await onceFor(join(exampleModules, '.stagedoor/dependencies'), dependencies, () => installDependencies(log))
  const packages = await hashOf(root, ['{packages,plugins}/**/*.{ts,tsx,json}', 'scripts/packages/{build,install}.ts'])
  // A hash of our own packages alone would not notice that `npm ci` has removed them.
  const stamp = `${dependencies} ${packages}`
  await onceFor(join(exampleModules, '.stagedoor/packages'), stamp, () => buildPackages(log))
  return { dependencies, packages }
}

async function installDependencies(log: ProgressLog): Promise<void> {
  log('Backstage: installing its 1,200 packages (800 MB), once; takes 1 to 5 minutes')
  await runCommand('npm', ['ci', '--no-audit', '--no-fund'], exampleDirectory)
}

async function buildPackages(log: ProgressLog): Promise<void> {
  log('Backstage: building our packages; takes a few seconds')
  await installPackages(root, exampleModules)
}

async function buildFrontend(log: ProgressLog): Promise<void> {
  log('Backstage: bundling its frontend, once; takes about half a minute')
  await runCommand(process.execPath, [join(exampleModules, 'vite/bin/vite.js'), 'build', 'frontend'], exampleDirectory)
}

if (import.meta.main) {
  await ensureBackstage({ log: (line) => console.log(line) })
  console.log('Backstage: ready to start')
}
