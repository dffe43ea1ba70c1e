/**
 * `npm run release:version -- 0.2.0`: one version for the gateway and all packages, so that equal numbers work together.
 * The chart, the compose file and the pages name it, too. In the changelogs of the packages, the entries under *Unreleased* become
 * those of that version.
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

/** Other files that name the version: of the image, the chart and tarballs. */
const naming = [
  'deploy/compose/production.yml',
  'deploy/helm/stagedoor/Chart.yaml',
  ...['containers', 'getting-started', 'hosts', 'packages', 'red-hat-developer-hub'].map((page) => `docs/${page}.md`),
]

/** The text with another version of ours in it. */
export function textAt(text: string, former: string, version: string): string {
  return text.replaceAll(new RegExp(`(?<![\\d.])${RegExp.escape(former)}(?!\\.?\\d)`, 'g'), version)
}

async function setVersion(version: string): Promise<void> {
  for (const directory of packageDirectories()) {
    await change(join(directory, 'package.json'), (text) => manifestAt(text, version))
    await change(join(directory, 'CHANGELOG.md'), (text) => changelogAt(text, version))
  }
  const root = join(import.meta.dirname, '../..')
  const { version: former } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  for (const file of naming) await change(join(root, file), (text) => textAt(text, former, version))
  await runCommand('npm', ['version', version, '--no-git-tag-version', '--allow-same-version'], root)
  await runCommand('npm', ['run', 'manifests'], root)
}

async function change(file: string, edit: (text: string) => string): Promise<void> {
  await writeFile(file, edit(await readFile(file, 'utf8')))
}

if (import.meta.main) {
  const [version = ''] = process.argv.slice(2)
  if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version)) throw new Error('usage: npm run release:version -- 1.2.3')
  await setVersion(version)
}
