import { cp, glob, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { runCommand } from './backstage-command.ts'

/**
 * Builds the contract and every plugin (for the backend to CommonJS, for the frontend to ES modules), and copies each as
 * npm would deliver it into the example's node_modules: real copies, so that Node and Vite look for their dependencies
 * there.
 */
export async function installPlugins(root: string, exampleModules: string): Promise<void> {
  await linkModules(root, exampleModules)
  // In this order: the plugins are compiled against the installed contract.
  for (const pattern of ['packages/*/tsconfig.json', 'plugins/*/tsconfig.json']) {
    for await (const file of glob(pattern, { cwd: root }))
      await installPackage(root, join(root, file, '..'), exampleModules)
  }
}

/** The plugins' sources find Backstage's types where the example has them. */
async function linkModules(root: string, exampleModules: string): Promise<void> {
  const link = join(root, 'plugins/node_modules')
  await rm(link, { force: true })
  await symlink(exampleModules, link, 'junction')
}

async function installPackage(root: string, directory: string, exampleModules: string): Promise<void> {
  await rm(join(directory, 'dist'), { recursive: true, force: true })
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  await runCommand(process.execPath, [compiler, '-p', directory], root)
  const manifest = await readManifest(directory)
  // The contract's sources are ES modules, which the gateway imports; what is delivered to a backend is CommonJS.
  const type = manifest.isFrontend ? 'module' : 'commonjs'
  await writeFile(join(directory, 'dist/package.json'), `{ "type": "${type}" }\n`)
  const target = join(exampleModules, manifest.name)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  for (const name of ['package.json', ...manifest.files]) {
    await cp(join(directory, name), join(target, name), { recursive: true })
  }
}

async function readManifest(directory: string): Promise<{ name: string; files: string[]; isFrontend: boolean }> {
  const { name, files, backstage } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  if (typeof name !== 'string' || !Array.isArray(files))
    throw new Error(`${directory}: package.json lacks name or files`)
  return { name, files, isFrontend: String(backstage?.role).startsWith('frontend') }
}
