// This folder: `stagedoor check --from-oauth2-proxy`, which converts the options of oauth2-proxy.

import { readFile } from 'node:fs/promises'

import { stringify } from 'yaml'

import { counted } from '../../config/values/quantities.ts'
import type { CommandContext } from '../command-context.ts'
import { convert, type Converted } from './convert.ts'
import type { Note } from './options.ts'
import { readSettings, type Settings } from './read.ts'

const header =
  '# Made by `stagedoor check --from-oauth2-proxy`. Read its notes on standard error, then run: stagedoor check --config FILE\n'

/** Prints Stagedoor's configuration to standard output, and notes about the conversion to standard error. Later files override earlier ones. */
export async function printConverted(files: readonly string[], { out, err }: CommandContext): Promise<number> {
  const settings = new Map<string, readonly string[]>()
  const unknown: string[] = []
  for (const file of files) {
    const read = readSettings(await readFile(file, 'utf8'), file)
    for (const [key, values] of read.settings) settings.set(key, values)
    unknown.push(...read.unknown)
  }
  const converted = convert(settings)
  out(`${header}${stringify(converted.config, { aliasDuplicateObjects: false })}`)
  err(report(converted, settings, unknown))
  return 0
}

function report({ moved, byHand, without }: Converted, settings: Settings, unknown: readonly string[]): string {
  const parts = [
    section('Converted', moved),
    section('To do by hand', byHand),
    section('Without counterpart, or the default here', without),
    section(
      'Not known as options of oauth2-proxy 7',
      unknown.map((option) => ({ option, text: 'left out' })),
    ),
  ]
  return `${counted(settings.size, 'option')}.\n${parts.join('')}`
}

function section(title: string, notes: readonly Note[]): string {
  if (notes.length === 0) return ''
  return `\n${title}:\n${notes.map(({ option, text }) => `  ${option}: ${text.replaceAll('`', '')}`.trimEnd()).join('\n')}\n`
}
