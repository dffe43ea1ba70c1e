import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import t from 'tap'
import type { Test } from 'tap'

import { checkDirection } from '../../scripts/direction/check.ts'
import { cyclesAmong } from '../../scripts/direction/cycles.ts'
import { importsIn } from '../../scripts/direction/imports.ts'
import { objectionTo, partOf } from '../../scripts/direction/rules.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'

const treeOf = (t: Test, files: Record<string, string>): string => {
  const root = t.testdir()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

t.test('the imports of this repository follow the rules', async (t) => {
  const report = checkDirection(repositoryRoot)
  t.same(report.violations, [])
  t.ok(report.importCount > 30, `only ${report.importCount} imports were found`)
})

const rows: [from: string, to: string, kind: 'type' | 'value', allowed: boolean][] = [
  ['src/policy/plugin.ts', 'src/identity/principal.ts', 'type', true],
  ['src/policy/plugin.ts', 'src/identity/principal.ts', 'value', false],
  ['src/identity/plugin.ts', 'src/policy/decision.ts', 'type', false],
  ['src/session/plugin.ts', 'src/bearer/plugin.ts', 'type', false],
  ['src/policy/plugin.ts', 'src/policy/decide.ts', 'value', true],
  ['src/session/plugin.ts', 'src/errors/gateway-error.ts', 'value', true],
  ['src/errors/gateway-error.ts', 'src/session/session.ts', 'value', false],
  ['src/audit/record.ts', 'src/policy/decision.ts', 'type', true],
  ['src/errors/gateway-error.ts', 'src/app.ts', 'type', false],
  ['src/proxy/plugin.ts', 'src/server.ts', 'value', false],
  ['src/app.ts', 'src/proxy/plugin.ts', 'value', true],
  ['src/cli/main.ts', 'src/server.ts', 'value', true],
  ['src/endpoints/account/plugin.ts', 'src/session/session.ts', 'value', true],
  ['src/endpoints/account/plugin.ts', 'src/app.ts', 'type', false],
  ['src/endpoints/account/plugin.ts', 'src/endpoints/health/plugin.ts', 'value', false],
  ['src/session/plugin.ts', 'src/endpoints/account/me.ts', 'type', false],
  ['src/assertion/mint.ts', 'packages/assertion-contract/src/index.ts', 'value', true],
  ['packages/assertion-contract/src/index.ts', 'src/errors/error-table.ts', 'type', false],
  ['plugins/a/src/module.ts', 'packages/assertion-contract/src/index.ts', 'value', true],
  ['plugins/a/src/module.ts', 'src/assertion/mint.ts', 'type', false],
  ['plugins/a/src/module.ts', 'plugins/b/src/index.ts', 'value', false],
  ['src/app.ts', 'plugins/a/src/index.ts', 'type', false],
  ['src/boundary/plugin.ts', 'test/support/origin.ts', 'value', false],
  ['src/unheard-of/x.ts', 'src/errors/error-table.ts', 'value', false],
]

t.test('a stage may import only types of earlier stages, and nothing of later ones', async (t) => {
  for (const [from, to, kind, allowed] of rows) {
    t.equal(objectionTo(partOf(from), partOf(to), kind) === undefined, allowed, `${from} → ${to} (${kind})`)
  }
})

t.test('every form of import is found, with whether it exists at run time', async (t) => {
  const source = [
    "import type { A } from './a.ts'",
    "import { type B, b } from '../b.ts'",
    "import {\n  c,\n} from './c.ts'",
    "import './d.ts'",
    "export type { E } from './e.ts'",
    "export * from './f.ts'",
    "const g = await import('./g.ts')",
    "type H = import('./h.ts').H",
    "import fastify from 'fastify'",
    "import { name } from '@stagedoor/assertion-contract'",
  ].join('\n')
  t.same(
    importsIn('src/x/y.ts', source).map(({ to, kind }) => `${to} ${kind}`),
    [
      'src/x/a.ts type',
      'src/b.ts value',
      'src/x/c.ts value',
      'src/x/d.ts value',
      'src/x/e.ts type',
      'src/x/f.ts value',
      'src/x/g.ts value',
      'src/x/h.ts type',
      'packages/assertion-contract/src/index.ts value',
    ],
  )
})

t.test('a tree against the rules is refused with the file, the import and the reason', async (t) => {
  const root = treeOf(t, {
    'src/boundary/plugin.ts': "import { decide } from '../policy/decide.ts'\ndecide()\n",
    'src/policy/decide.ts':
      "import type { F } from '../boundary/plugin.ts'\nexport const decide = (): F | void => {}\n",
  })
  t.same(checkDirection(root).violations, [
    'src/boundary/plugin.ts imports src/policy/decide.ts (value): policy does not come before boundary in the path of a request',
    'cycle: src/boundary/plugin.ts → src/policy/decide.ts → src/boundary/plugin.ts',
  ])
})

const edge = (from: string, to: string) => ({ from, to, kind: 'value' as const })

t.test('each cycle is found once, even behind an entry', async (t) => {
  const imports = [edge('in', 'a'), edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('b', 'out'), edge('in', 'c')]
  t.same(cyclesAmong(imports), [['a', 'b', 'c', 'a']])
})
