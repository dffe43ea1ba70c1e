/** `npm run pack`: a tarball of every package in `dist/packages`, or in the folder that is named. */
import { mkdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

import { runCommand } from '../backstage-command.ts'
import { packageDirectories } from './directories.ts'

/** Packs every package into `target`, whatever was there before. */
export async function packAll(target: string, log: (line: string) => void): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  for (const directory of packageDirectories()) {
    await runCommand('npm', ['pack', '--silent', '--pack-destination', target], directory)
    log(`packed ${basename(directory)}`)
  }
}

if (import.meta.main) {
  const [folder = join(import.meta.dirname, '../../dist/packages')] = process.argv.slice(2)
  const target = resolve(folder)
  await packAll(target, console.log)
  console.log(`all tarballs are in ${target}`)
}
