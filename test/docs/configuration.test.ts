/** Every block of configuration on a page is valid for its program. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import { isMap, parseDocument } from 'yaml'

import { runHelm } from '../../scripts/manifests.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { helmPath } from '../../scripts/testing/helm.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { ReadText } from '../../src/config/tree/texts.ts'
import { folderWith, least } from '../config/support.ts'
import { readBlocks, type Block } from './pages.ts'

const readFile = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')
const certificate = (name: string): string => readFile(`test/support/tls/${name}.pem`)

const schema: { properties: object } = JSON.parse(readFile('config/schema.json'))
const ours = new Set(Object.keys(schema.properties))
const backstages = new Set(['app', 'backend', 'auth', 'catalog', 'permission', 'proxy', 'stagedoor'])
/** Backstage's own resolvers, as its documentation names them. */
const backstagesResolvers = ['emailMatchingUserEntityProfileEmail', 'emailLocalPartMatchingUserEntityName']

const kinds = ['gateway', 'requirement', 'Backstage', 'chart values', 'policy tests', 'parsed'] as const
type Kind = (typeof kinds)[number]

/** The purpose of a block, from the file in its first line or from its options. */
function kindOf({ place, text }: Block): Kind | undefined {
  const [firstLine = ''] = text.split('\n')
  const named = /^#.*?([\w-]+)\.yaml/.exec(firstLine)?.[1]
  if (named === 'values') return 'chart values'
  if (named === 'policy-tests') return 'policy tests'
  const content = parseDocument(text).contents
  const keys = isMap(content) ? content.items.map(({ key }) => String(key)) : []
  if (keys.join() === 'allow') return 'requirement'
  if (keys.length > 0 && keys.every((key) => ours.has(key))) return 'gateway'
  if (keys.length > 0 && keys.every((key) => backstages.has(key))) return 'Backstage'
  // Templates, policies and parts of them for Backstage, and files of other programs named in the first line.
  if (place.startsWith('plugins/') || named !== undefined) return 'parsed'
  return undefined
}

/** The content of a file that a page names. */
const readAny: ReadText = async (file) => {
  if (file.endsWith('.yaml')) return readFileSync(file, 'utf8')
  if (/key\.pem$|\.key$/.test(file)) return certificate('client-key')
  if (/\.pem$|\.crt$/.test(file)) return certificate('ca')
  if (file.endsWith('redis-url')) return 'redis://redis:6379'
  return `what ${file} holds, long enough to be a secret`
}

/** A value for every environment variable in the text. */
const environmentFor = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, `a-value-for-${name}`]))

const blocks = readBlocks('yaml', 'yml').map((block) => ({ ...block, kind: kindOf(block) }))
const ofKind = (kind: Kind) => blocks.filter((block) => block.kind === kind)

t.test('every block is YAML for a known program', async (t) => {
  for (const { place, text, kind } of blocks) {
    t.same(parseDocument(text).errors, [], place)
    t.ok(kind, `${place}: let the first line name the file, as in "# app-config.yaml"`)
  }
})

t.test('the gateway accepts each of its blocks, laid over a minimal configuration', async (t) => {
  t.ok(ofKind('gateway').length > 20)
  for (const { place, text } of ofKind('gateway')) {
    // Upstreams have two notations, which cannot be mixed.
    const base = /^upstreams:/m.test(text) ? least.replace(/^upstreams:.*$/m, '') : least
    const folder = await folderWith(t, { 'base.yaml': base, 'page.yaml': text })
    const files = ['base.yaml', 'page.yaml'].map((name) => join(folder, name))
    await t.resolves(loadConfig({ files, env: environmentFor(text), readText: readAny }), place)
  }
})

t.test('the gateway accepts every requirement', async (t) => {
  for (const { place, text } of ofKind('requirement')) {
    const requirement = parseDocument(text).toJSON() as object
    const route = JSON.stringify({ routes: [{ name: 'it', path: '/**', ...requirement }] })
    const folder = await folderWith(t, { 'base.yaml': least, 'page.yaml': route })
    await t.resolves(
      loadConfig({ files: ['base.yaml', 'page.yaml'].map((name) => join(folder, name)), env: {} }),
      place,
    )
  }
})

t.test('every resolver that a page names exists here or in Backstage', async (t) => {
  const known = readFile('plugins/auth-backend-module-stagedoor-provider/config.d.ts') + backstagesResolvers.join()
  const named = blocks.flatMap(({ place, text }) =>
    [...text.matchAll(/\bresolver: (\w+)/g)].map(([, name = '']) => ({ place, name })),
  )
  t.ok(named.length > 3)
  for (const { place, name } of named) t.ok(known.includes(name), `${place}: ${name}`)
})

t.test('the gateway accepts the `config` of every values.yaml', async (t) => {
  for (const { place, text } of ofKind('chart values')) {
    const { config = {} } = parseDocument(text).toJSON() as { config?: object }
    const folder = await folderWith(t, { 'base.yaml': least, 'page.yaml': JSON.stringify(config) })
    const files = ['base.yaml', 'page.yaml'].map((name) => join(folder, name))
    await t.resolves(loadConfig({ files, env: {}, readText: readAny }), place)
  }
})

const helm = helmPath()
const skip = helm === undefined ? 'no helm on this machine, and no Go to compile it with' : false
t.test('the chart accepts every values.yaml', { skip }, async (t) => {
  for (const { place, text } of ofKind('chart values')) {
    const folder = await folderWith(t, { 'page.yaml': text })
    const { isFine, stderr } = runHelm(helm ?? '', ['template', 'portal'], '-f', join(folder, 'page.yaml'))
    t.ok(isFine, `${place}: ${stderr}`)
  }
})
