import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'

import { runCommand } from '../backstage-command.ts'
import { ensurePackagesBuilt, exampleDirectory, type ProgressLog } from '../backstage-setup.ts'
import { hashOf, onceFor } from '../backstage-stamp.ts'
import { packageDirectories } from '../packages/directories.ts'

const root = join(import.meta.dirname, '../..')
const tools = join(import.meta.dirname, 'tools')
const report = 'report.api.md'
const leftOut = new Set(['node_modules', 'dist', 'LICENSE'])

/**
 * Backstage's tools want a workspace: packages below a root that has the tools. This makes one of our packages, the tools of
 * `tools/package-lock.json`, and the libraries of the example Backstage.
 */
export async function stageWorkspace(log: ProgressLog): Promise<string> {
  await ensurePackagesBuilt({ log })
  const folder = join(root, '.cache/backstage-checks')
  await onceFor(join(folder, 'node_modules/.tools'), await hashOf(tools, ['*', '.npmrc']), () => install(folder, log))
  for (const part of ['packages', 'plugins', 'dist-types'])
    await rm(join(folder, part), { recursive: true, force: true })
  for (const directory of packageDirectories()) await stagePackage(directory, join(folder, relative(root, directory)))
  await cp(join(root, 'plugins/tsconfig.json'), join(folder, 'plugins/tsconfig.json'))
  await symlink(join(exampleDirectory, 'node_modules'), join(folder, 'plugins/node_modules'), 'junction')
  return folder
}

/** The API reports that the tools have written, back to our packages. */
export async function copyReportsBack(folder: string): Promise<void> {
  for (const directory of packageDirectories()) {
    await cp(join(folder, relative(root, directory), report), join(directory, report))
  }
}

async function install(folder: string, log: ProgressLog): Promise<void> {
  log("Backstage's tools: installing 1,500 packages (600 MB), once; takes 1 to 5 minutes")
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of ['package-lock.json', '.npmrc', 'tsconfig.json']) await cp(join(tools, file), join(folder, file))
  await cp(join(tools, 'package.json'), join(folder, 'package.json'))
  await runCommand('npm', ['ci', '--no-audit', '--no-fund'], folder)
  // Only now: npm would install what the packages depend on.
  await changeJson(join(folder, 'package.json'), { workspaces: ['packages/*', 'plugins/*'] })
}

async function stagePackage(directory: string, target: string): Promise<void> {
  await cp(directory, target, { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
  // `repo lint` looks only at packages with this script.
  await changeJson(join(target, 'package.json'), { scripts: { lint: 'backstage-cli package lint' } })
  const settings = '{ settings: { jest: { version: 29 } } }'
  await writeFile(
    join(target, '.eslintrc.cjs'),
    `module.exports = require('@backstage/cli/config/eslint-factory')(__dirname, ${settings})\n`,
  )
}

async function changeJson(file: string, changes: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...changes }, null, 2))
}
