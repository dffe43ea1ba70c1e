import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type YAMLError } from 'yaml'

import type { Problem } from '../problems/problem.ts'
import type { Entry, Source, Tree } from './tree.ts'

type Parsed = { tree: Tree; problems: Problem[] }

/** Reads one YAML file into a tree that knows its lines; syntax problems come back as data. */
export function parseYaml(file: string, text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const at = (offset: number): Source => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const complaints = document.errors.map((error) => syntaxProblem(error, at(error.pos[0]), text))
  // What follows the first complaint of a line is an echo of it.
  const problems = complaints.filter(({ source }, index) => source.line !== complaints[index - 1]?.source.line)
  const empty: Tree = { kind: 'map', source: at(0), entries: new Map() }
  if (problems.length > 0 || document.contents === null) return { tree: empty, problems }
  if (isScalar(document.contents) && document.contents.value === null) return { tree: empty, problems }
  return { tree: toTree(document.contents, document, at), problems }
}

function toTree(node: unknown, document: Document, at: (offset: number) => Source): Tree {
  if (isAlias(node)) return toTree(node.resolve(document), document, at)
  const source = at(offsetOf(node))
  if (isSeq(node)) return { kind: 'list', source, items: node.items.map((item) => toTree(item, document, at)) }
  if (!isMap(node)) return { kind: 'scalar', source, value: isScalar(node) ? node.value : undefined }
  const entries = new Map<string, Entry>()
  for (const { key, value } of node.items) {
    const keySource = at(offsetOf(key))
    // `key:` with nothing behind it has no node of its own.
    const tree: Tree = value === null ? { kind: 'scalar', source: keySource, value: null } : toTree(value, document, at)
    entries.set(isScalar(key) ? String(key.value) : String(key), { keySource, value: tree })
  }
  return { kind: 'map', source, entries }
}

function offsetOf(node: unknown): number {
  const range = isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined
  return range?.[0] ?? 0
}

function syntaxProblem(error: YAMLError, source: Source, text: string): Problem {
  const line = text.split('\n')[source.line - 1] ?? ''
  return {
    source,
    path: [],
    expected: 'valid YAML',
    found: error.message,
    fix: syntaxFix(error, line),
  }
}

function syntaxFix(error: YAMLError, line: string): string {
  if (error.code === 'DUPLICATE_KEY') return 'remove one of the two, or merge them'
  if (error.code === 'TAB_AS_INDENT' || line.includes('\t')) return 'indent with spaces: YAML does not allow tabs'
  if (/[[{].*\$\{/.test(line)) return 'inside { } and [ ] put quotes around it: "${NAME}"'
  if (/:\s*[^'"\s].*: /.test(line)) return 'put quotes around a value that contains a colon and a space'
  return 'check indentation, brackets and quotes around this line'
}
