import { cp, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { buildPackage, readManifest } from './build.ts'
import { packageDirectories } from './directories.ts'

/**
 * Builds every package and copies it, as npm would deliver it, into the example's node_modules: real copies, so that Node
 * and Vite look for their dependencies there.
 */
export async function installPackages(root: string, exampleModules: string): Promise<void> {
  await linkModules(root, exampleModules)
  // One after the other: a package is compiled against the installed ones before it.
  for (const directory of packageDirectories()) await installPackage(directory, exampleModules)
}

/** The plugins' sources find Backstage's types where the example has them. */
async function linkModules(root: string, exampleModules: string): Promise<void> {
  const link = join(root, 'plugins/node_modules')
  await rm(link, { force: true })
  await symlink(exampleModules, link, 'junction')
}

async function installPackage(directory: string, exampleModules: string): Promise<void> {
  await buildPackage(directory)
  const { name, files } = await readManifest(directory)
  const target = join(exampleModules, name)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  for (const file of ['package.json', ...files]) {
    await cp(join(directory, file), join(target, file), { recursive: true })
  }
}
