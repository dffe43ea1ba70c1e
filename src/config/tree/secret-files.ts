import { dirname, resolve } from 'node:path'

import type { Problem } from '../problem.ts'
import type { ReadText } from './texts.ts'
import type { Entry, MapTree, Path, Tree } from './tree.ts'

type Pass = { problems: Problem[]; read: ReadText }

/** Replaces each `{ $file: path }` by the file's text without byte order mark and final newlines. Paths are relative to the YAML file. */
export async function readSecretFiles(tree: Tree, read: ReadText): Promise<{ tree: Tree; problems: Problem[] }> {
  const pass: Pass = { problems: [], read }
  return { tree: await visit(tree, [], pass), problems: pass.problems }
}

async function visit(tree: Tree, path: Path, pass: Pass): Promise<Tree> {
  if (tree.kind === 'scalar') return tree
  if (tree.kind === 'list') {
    return { ...tree, items: await Promise.all(tree.items.map((item, index) => visit(item, [...path, index], pass))) }
  }
  if (tree.entries.has('$file')) return await readSecret(tree, path, pass)
  const entries = new Map<string, Entry>()
  for (const [key, entry] of tree.entries)
    entries.set(key, { ...entry, value: await visit(entry.value, [...path, key], pass) })
  return { ...tree, entries }
}

async function readSecret(tree: MapTree, path: Path, pass: Pass): Promise<Tree> {
  const { source, entries } = tree
  const refuse = (found: string, expected: string, fix: string): Tree => {
    pass.problems.push({ source, path, found, expected, fix })
    return { kind: 'scalar', source, value: undefined }
  }
  const target = entries.get('$file')?.value
  if (entries.size !== 1) return refuse([...entries.keys()].join(', '), '$file alone', 'remove the other keys')
  if (target?.kind !== 'scalar' || typeof target.value !== 'string' || target.value === '') {
    return refuse('$file without a path', 'the path of a file', 'write for example $file: /run/secrets/auth0')
  }
  const file = resolve(dirname(source.file), target.value)
  const text = await pass.read(file)
  if (typeof text !== 'string') return refuse(`${file}: ${text.reason}`, 'a file that can be read', text.fix)
  const value = text.replace(/^\uFEFF/, '').replace(/[\r\n]+$/, '')
  if (value === '')
    return refuse(`${file}, which is empty`, 'a file with a secret in it', 'write the secret into the file')
  return { kind: 'scalar', source, value, takenFrom: { file } }
}
