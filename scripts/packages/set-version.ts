/**
 * `npm run release:version -- 0.2.0`: one version for the gateway and all packages, so that equal numbers work together.
 * In the changelogs of the packages, the entries under *Unreleased* become those of that version.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { runCommand } from '../backstage-command.ts'
import { packageDirectories } from './directories.ts'

/** The manifest with this version, and with siblings from this version on. */
export function manifestAt(manifest: string, version: string): string {
  return manifest
    .replace(/^( {2}"version": )"[^"]+"/m, `$1"${version}"`)
    .replaceAll(/^( {4}"@stagedoor\/[a-z-]+": )"[^"]+"/gm, `$1"^${version}"`)
}

/** The changelog with its unreleased part moved under this version. */
export function changelogAt(changelog: string, version: string): string {
  return changelog.replace(/^## Unreleased$/m, `## Unreleased\n\n## ${version}`)
}

async function setVersion(version: string): Promise<void> {
  for (const directory of packageDirectories()) {
    await change(join(directory, 'package.json'), (text) => manifestAt(text, version))
    await change(join(directory, 'CHANGELOG.md'), (text) => changelogAt(text, version))
  }
  const root = join(import.meta.dirname, '../..')
  await runCommand('npm', ['version', version, '--no-git-tag-version', '--allow-same-version'], root)
}

async function change(file: string, edit: (text: string) => string): Promise<void> {
  await writeFile(file, edit(await readFile(file, 'utf8')))
}

if (import.meta.main) {
  const [version = ''] = process.argv.slice(2)
  if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) throw new Error('usage: npm run release:version -- 1.2.3')
  await setVersion(version)
}
