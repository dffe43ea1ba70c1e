/** Options, metrics and files that pages name in `code` exist. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { repositoryRoot } from '../../scripts/testing/command.ts'
import { readPages } from './pages.ts'

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

type Schema = {
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  $ref?: string
}

const root: Schema & { $defs?: Record<string, Schema> } = JSON.parse(textOf('config/schema.json'))

/** A schema with its alternatives, list items and references. */
const formsOf = (schema: Schema): Schema[] => {
  const { anyOf = [], oneOf = [], items, $ref } = schema
  const named = $ref === undefined ? undefined : root.$defs?.[$ref.split('/').at(-1) ?? '']
  const inner = [...anyOf, ...oneOf, items, named].filter((form) => form !== undefined)
  return [schema, ...inner.flatMap(formsOf)]
}

const isOption = (names: readonly string[], schemas: readonly Schema[] = [root]): boolean => {
  const [name, ...rest] = names
  if (name === undefined) return schemas.length > 0
  const next = schemas.flatMap(formsOf).flatMap(({ properties, additionalProperties: others }) => {
    const found = properties === undefined ? undefined : new Map(Object.entries(properties)).get(name)
    return found ?? (typeof others === 'object' ? others : [])
  })
  return next.length > 0 && isOption(rest, next)
}

type Span = { page: string; text: string }

const spans: Span[] = readPages().flatMap(({ name: page, text }) =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => ({ page, text: code })),
)

// The reference names options without their section, and is generated from the schema.
const isGenerated = ({ page }: Span): boolean => page === 'docs/config.md'

t.test('every option that a page names exists', async (t) => {
  const sections = Object.keys(root.properties ?? {}).join('|')
  const shape = new RegExp(`^(?:${sections})(?:\\.[A-Za-z0-9<>-]+|\\[\\d*\\])+(?=[:, ]|$)`)
  const named = spans
    .filter((span) => !isGenerated(span))
    .flatMap(({ page, text }) => (shape.exec(text) ?? []).map((option) => ({ page, option })))
    .filter(({ option }) => !/\.(?:ts|js|json|jsonl|yaml|md|csv|cfg|pem|checkpoints)$/.test(option))
  t.ok(named.length > 200, `${named.length} options`)
  for (const { page, option } of named) {
    t.ok(isOption(option.replaceAll(/\[\d*\]/g, '').split('.')), `${page}: ${option}`)
  }
})

t.test('every metric that a page names exists, and telemetry.md names all metrics', async (t) => {
  const sources = globSync('src/{telemetry,process}/**/*.ts', { cwd: repositoryRoot }).map(textOf).join('\n')
  const metrics = [...sources.matchAll(/'(stagedoor_[a-z_]+)'/g)].map(([, name]) => String(name))
  t.ok(metrics.length > 20)
  for (const { page, text } of spans) {
    for (const [name] of text.matchAll(/^stagedoor_[a-z_]+/g)) t.ok(metrics.includes(name), `${page}: ${name}`)
  }
  const page = textOf('docs/telemetry.md')
  t.same(
    metrics.filter((name) => !page.includes(`\`${name}\``)),
    [],
    'add a row to docs/telemetry.md',
  )
})

t.test('every repository file that a page names exists', async (t) => {
  const shape =
    /^(?:src|test|docs|deploy|config|examples|scripts|plugins|packages\/assertion-contract|auth0|bench)\/[\w./-]+$/
  const named = spans.filter(({ text }) => shape.test(text))
  t.ok(named.length > 300, `${named.length} files`)
  for (const { page, text } of named) {
    const place = [text, join(page, '..', text)].find((path) => existsSync(join(repositoryRoot, path)))
    t.ok(place, `${page}: ${text}`)
  }
})
