import { stringify } from 'yaml'

import { dereference, type Option } from '../../src/config/option.ts'
import { boundsOf } from './bounds.ts'

const head = `\
# Configuration

<!-- Generated from src/config/schema.ts by \`npm run generate\`: edit there. -->

Stagedoor reads YAML. \`stagedoor start --config a.yaml --config b.yaml\` lays later files over earlier ones: maps merge key by key,
everything else replaces, lists as a whole. Without \`--config\` it runs on \`config/default.yaml\`, whose values come from the environment.
\`stagedoor check\` prints every problem at once, with its line and how to fix it; \`stagedoor check --print\` shows what is in force.

- **From the environment**: \`\${NAME}\`, or \`\${NAME:-default}\`. A variable that is missing or empty and has no default is a problem; an
  option that a default leaves empty counts as not written. Inside \`{ }\` and \`[ ]\` YAML wants quotes around it. \`$\${\` stands for \`\${\`.
- **From a file**: \`$file: /run/secrets/name\` in place of any text; newlines at the end are left out. The path is relative to the YAML file,
  one in any other option to the folder in which Stagedoor is started.
- **Durations** have a unit: \`500ms\`, \`30s\`, \`15m\`, \`8h\`, \`7d\`. **Sizes** too: \`64KiB\`, \`10MiB\`. A bare number is refused.
- **Unknown options** are refused.
- Editors complete and check with \`config/schema.json\`: put \`# yaml-language-server: $schema=…/config/schema.json\` on the first line.

\`config/default.yaml\` shows every option with its default, \`config/example.production.yaml\` a usual installation.
`

/** `docs/config.md`: one table for each section. */
export function referencePage(root: Option): string {
  const sections = Object.entries(root.properties ?? {}).map(([name, option]) => section(name, option))
  return [head, ...sections, requirementSection(root)].join('\n')
}

function section(name: string, option: Option): string {
  return [`## \`${name}\``, '', option.description ?? '', '', table(rows(option, '')), ''].join('\n')
}

function requirementSection(root: Option): string {
  const option = dereference(root, { $ref: '#/$defs/requirement' })
  const intro =
    'What `allow` asks of the caller: one key each, nested by `any`, `all` and `not`. A list in a leaf means “one of these”.'
  const example = { all: [{ roles: ['platform-admin'] }, { mfa: { within: '15m' } }] }
  return [
    '## Requirements',
    '',
    intro,
    '',
    '```yaml',
    `allow: ${inline(example)}`,
    '```',
    '',
    table(rows(option, '')),
    '',
  ].join('\n')
}

type Row = { name: string; option: Option; isRequired: boolean }

function rows(option: Option, prefix: string): Row[] {
  const required = new Set(option.required ?? option.items?.required)
  return Object.entries(childrenOf(option)).flatMap(([key, child]) => {
    const name = `${prefix}${key}`
    const isRequired = required.has(key)
    const nested = rows(child, child.items !== undefined ? `${name}[].` : `${name}.`)
    return [...(child.description === undefined ? [] : [{ name, option: child, isRequired }]), ...nested]
  })
}

/** Members of a section; of lists and maps by name, those of one entry. */
function childrenOf(option: Option): Record<string, Option> {
  if (option.properties !== undefined) return option.properties
  if (option.items?.properties !== undefined) return option.items.properties
  if (typeof option.additionalProperties !== 'object') return {}
  const entry = option.additionalProperties
  return entry.properties === undefined ? {} : { '<name>': entry }
}

function table(list: readonly Row[]): string {
  const lines = list.map(
    ({ name, option, isRequired }) => `| \`${name}\` | ${defaultOf(option, isRequired)} | ${meaningOf(option)} |`,
  )
  return ['| option | default | meaning |', '|---|---|---|', ...lines].join('\n')
}

function defaultOf(option: Option, isRequired: boolean): string {
  if (isRequired) return '*required*'
  const isSection = option.properties !== undefined
  return option.default === undefined || isSection ? '' : `\`${inline(option.default)}\``
}

function meaningOf(option: Option): string {
  const bounds = boundsOf(option)
  const variable = option['x-env']
  const parts = [
    option.description ?? '',
    ...(bounds === undefined ? [] : [`(${bounds})`]),
    ...(option['x-example'] === undefined ? [] : [`Example: \`${inline(option['x-example'])}\`.`]),
    ...(variable === undefined ? [] : [`In \`default.yaml\`: \`${variable}\`.`]),
  ]
  // A bar would end the table's cell.
  return parts.join(' ').replaceAll('|', String.raw`\|`)
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
}
