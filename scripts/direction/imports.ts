import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, posix } from 'node:path'

import type { ImportKind } from './rules.ts'

/** One import of a file of ours by a file of ours; paths are relative to the repository. */
export type Import = { from: string; to: string; kind: ImportKind }

const specifier = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*['"](?<name>[^'"\n]+)['"]/g

const specifiersIn = (source: string): Set<string> =>
  new Set([...source.matchAll(specifier)].flatMap((match) => match.groups?.['name'] ?? []))

// Our plugins and the contract are also reachable by package name.
const pathOfPackage = (name: string): string | undefined => {
  if (name.startsWith('@stagedoor/assertion-contract')) return 'packages/assertion-contract/src/index.ts'
  if (name.startsWith('@stagedoor/backstage-plugin-')) {
    return `plugins/${name.slice('@stagedoor/backstage-plugin-'.length)}/src/index.ts`
  }
  return undefined
}

const pathOf = (name: string, from: string): string | undefined =>
  name.startsWith('.') ? posix.join(posix.dirname(from), name) : pathOfPackage(name)

// Node strips types: an import that is missing in the stripped text is an import of types. JSX cannot be stripped, so every
// import there counts as one of values.
const runtimeTextOf = (file: string, source: string): string =>
  file.endsWith('.tsx') ? source : stripTypeScriptTypes(source)

/** Reads the imports off the text of a file; `file` is relative to the repository. */
export const importsIn = (file: string, source: string): Import[] => {
  const values = specifiersIn(runtimeTextOf(file, source))
  return [...specifiersIn(source)].flatMap((name): Import[] => {
    const to = pathOf(name, file)
    return to === undefined ? [] : [{ from: file, to, kind: values.has(name) ? 'value' : 'type' }]
  })
}

/** The imports of all these files. */
export const readImports = (root: string, files: readonly string[]): Import[] =>
  files.flatMap((file) => importsIn(file, readFileSync(join(root, file), 'utf8')))
