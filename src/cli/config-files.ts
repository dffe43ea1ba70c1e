import { relative } from 'node:path'

import { Option } from 'commander'

import type { Problem } from '../config/problem.ts'
import { formatPath } from '../config/tree/tree.ts'
import { counted } from '../config/values/quantities.ts'

/** Formats problems as text: place, value found, value expected, and the fix. */
export function reportProblems(problems: readonly Problem[], folder: string): string {
  return [
    `Stagedoor cannot start with this configuration: ${counted(problems.length, 'problem')}.`,
    ...problems.map((one) => block(one, folder, 'fix')),
  ].join('\n\n')
}

/** Formats warnings like problems. */
export function reportWarnings(warnings: readonly Problem[], folder: string): string {
  return warnings.map((one) => `warning: ${block(one, folder, 'note')}`).join('\n\n')
}

function block(
  { source, path, found, expected, fix, meaning }: Problem,
  folder: string,
  lastLabel: 'fix' | 'note',
): string {
  const rows = [
    { label: 'found', text: found },
    { label: 'expected', text: expected },
    { label: lastLabel, text: fix },
    { label: 'meaning', text: meaning },
  ]
  const place = `${shortName(source.file, folder)}:${source.line}:${source.column}`
  const written = rows.filter(({ text }) => text !== undefined)
  const lines = written.map(({ label, text }) => `    ${label.padEnd(10)}${text}`)
  return [`${place}  ${formatPath(path)}`.trimEnd(), ...lines].join('\n')
}

function shortName(file: string, folder: string): string {
  const name = relative(folder, file)
  return name === '' || name.startsWith('..') ? file : name
}

/** The option `--config FILE`, which can be repeated. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file, repeatable; later files override earlier ones')
    .argParser((file: string, files: string[]) => [...files, file])
    .default([], 'config/default.yaml, which takes its values from the environment')
}
