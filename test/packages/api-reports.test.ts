/**
 * The API reports of Backstage's tool (`npm run lint:backstage -- --write`) match the exports of the packages.
 * This test compares texts, which is fast. The tool itself compares their meaning.
 */
import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import t from 'tap'

import { ensurePackagesBuilt } from '../../scripts/backstage-setup.ts'
import { packageDirectories } from '../../scripts/packages/directories.ts'

const root = join(import.meta.dirname, '../..')
t.setTimeout(900_000)
await ensurePackagesBuilt({ log: (line) => t.comment(line) })

for (const directory of packageDirectories()) {
  const report = readFileSync(join(directory, 'report.api.md'), 'utf8')
  const types = globSync('dist/**/*.d.ts', { cwd: directory }).map((file) =>
    readFileSync(join(directory, file), 'utf8'),
  )
  const index = readFileSync(join(directory, 'dist/index.d.ts'), 'utf8')

  t.test(`${relative(root, directory)}: each export has a description and a release tag`, async (t) => {
    t.notMatch(report, /Warning|undocumented|No @packageDocumentation/)
  })

  t.test(`${relative(root, directory)}: the report has exactly the current declarations`, async (t) => {
    const declarations = types.flatMap(publicDeclarations)
    const reported = essence(report)
    for (const declaration of declarations) t.ok(reported.includes(essence(declaration)), declaration)
    const names = (text: string) => new Set(text.match(/\b[A-Za-z]\w*\b/g))
    const exported = [...report.matchAll(/^export (?:const|type|function|class) (\w+)|^export \{ (\w+) \}/gm)]
    const known = names(index.includes('export * from') ? declarations.join(' ') : index)
    t.same(
      exported.map(([, declared, passedOn]) => declared ?? passedOn ?? '').filter((name) => !known.has(name)),
      [],
    )
  })
}

/** The statements of a declaration file that have the tag `@public`. */
function publicDeclarations(text: string): string[] {
  const statement =
    /\/\*\*(?:(?!\*\/)[^])*@public(?:(?!\*\/)[^])*\*\/\n(export [^]*?\n?)(?=\n(?:\/\*\*|export|import|type|declare)|$)/g
  return [...text.matchAll(statement)].map(([, declaration = '']) => declaration.trim())
}

/** The text without the differences between the two forms: comments, layout, punctuation, parameter names, origins of types. */
function essence(text: string): string {
  return text
    .replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    .replaceAll(/import\("[^"]+"\)\./g, '')
    .replaceAll(/\b(\w+)_\d\b/g, '$1')
    .replaceAll(/\{[\w\s,=]+\}(?=: )/g, 'input')
    .replaceAll(/\b(?:export|declare) |#private|[\s;,'"|()]/g, '')
}
