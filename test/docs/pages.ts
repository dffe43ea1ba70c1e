import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryRoot } from '../../scripts/testing/command.ts'

export type Block = {
  /** `docs/policy.md:12`. */
  place: string
  language: string
  text: string
}

/** Every page for readers: all committed Markdown except for changelogs. */
export function readPages(): { name: string; text: string }[] {
  const tracked = execFileSync('git', ['ls-files', '-z', '*.md'], { cwd: repositoryRoot, encoding: 'utf8' }).split('\0')
  return tracked
    .filter((name) => name !== '' && !name.endsWith('CHANGELOG.md') && existsSync(join(repositoryRoot, name)))
    .map((name) => ({ name, text: readFileSync(join(repositoryRoot, name), 'utf8') }))
}

/** The fenced blocks of every page in these languages, without the indentation of a surrounding list. */
export function readBlocks(...languages: string[]): Block[] {
  return readPages().flatMap(({ name, text }) =>
    [...text.matchAll(/^( *)```(\w+)[^\n]*\n([^]*?)^ *```$/gm)]
      .map(({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
        place: `${name}:${text.slice(0, index).split('\n').length}`,
        language,
        text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      }))
      .filter(({ language }) => languages.includes(language)),
  )
}
