import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type ParsedNode,
  type YAMLError,
} from 'yaml'

import type { Problem } from '../problem.ts'
import type { Entry, Source, Tree } from './tree.ts'

type Parsed = { tree: Tree; problems: Problem[] }
type Locate = (offset: number) => Source

/** Reads one YAML file into a tree that keeps line numbers. Errors in the file are returned, not thrown. */
export function parseYaml(file: string, text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const at: Locate = (offset) => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const empty: Tree = { kind: 'map', source: at(0), entries: new Map() }
  const blank = text.search(foreignBlank)
  if (blank >= 0) return { tree: empty, problems: [blankProblem(at(blank))] }
  const complaints = document.errors.map((error) => syntaxProblem(error, at(error.pos[0]), text))
  // Keep one error for each line: further ones only repeat the first.
  const problems = complaints.filter(({ source }, index) => source.line !== complaints[index - 1]?.source.line)
  const { contents } = document
  if (problems.length > 0 || contents === null) return { tree: empty, problems }
  if (isScalar(contents) && contents.value === null) return { tree: empty, problems }
  return { tree: toTree(contents, at), problems: refusedNodes(contents, at) }
}

/** White space that looks like indentation but is part of a name; it was copied from a web page or a document. */
const foreignBlank = /(?<=^ *)[\u00A0\u2000-\u200B\u202F\u3000]/m

function blankProblem(source: Source): Problem {
  return {
    source,
    path: [],
    found: 'a non-breaking or other special space, often copied from a web page',
    expected: 'valid YAML',
    fix: 'replace it with ordinary spaces',
  }
}

function toTree(node: ParsedNode, at: Locate): Tree {
  const source = at(node.range[0])
  if (isSeq(node)) return { kind: 'list', source, items: node.items.map((item) => toTree(item, at)) }
  if (!isMap(node)) return { kind: 'scalar', source, value: isScalar(node) ? node.value : undefined }
  const entries = new Map<string, Entry>()
  for (const { key, value } of node.items) {
    const keySource = at(key.range[0])
    // In `{ key }` the value node is missing.
    const tree: Tree = value === null ? { kind: 'scalar', source: keySource, value } : toTree(value, at)
    entries.set(String(key), { keySource, value: tree })
  }
  return { kind: 'map', source, entries }
}

/**
 * Refuses aliases: they can grow without bound, and hide which value is in force. Refuses tags: a value that another tool should
 * decrypt or look up would be used as plain text.
 */
function refusedNodes(contents: ParsedNode, at: Locate): Problem[] {
  const problems: Problem[] = []
  const refuse = ({ range }: Pick<Node, 'range'>, found: string, fix: string): void => {
    problems.push({ source: at(Number(range?.[0])), path: [], found, expected: 'the value itself', fix })
  }
  visit(contents, {
    Alias(_, alias) {
      refuse(alias, `the alias *${alias.source}`, 'write the value out: anchors and aliases are not supported')
    },
    Node(_, node) {
      if (node.tag === undefined) return
      const tag = node.tag.replace('tag:yaml.org,2002:', '!!')
      refuse(node, `the tag ${tag}`, 'leave the tag out; secrets are read from files ($file) or variables (${NAME})')
    },
  })
  return problems
}

function syntaxProblem(error: YAMLError, source: Source, text: string): Problem {
  const opened = lineOfOpenQuote(text.split('\n').slice(0, source.line))
  if (opened !== undefined) {
    const found = 'a quote that is not closed on its line'
    const fix = 'close the quote at the end of the value'
    return { source: { ...source, ...opened }, path: [], expected: 'valid YAML', found, fix }
  }
  const line = String(text.split('\n')[source.line - 1])
  return { source, path: [], expected: 'valid YAML', found: foundOf(error, text), fix: syntaxFix(error, line, text) }
}

function foundOf({ code, message, pos }: YAMLError, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document (---)'
  if (code !== 'DUPLICATE_KEY') return message
  const [key] = text.slice(pos[0]).split(/[:\s]/, 1)
  return `${key} twice in one map`
}

function syntaxFix(error: YAMLError, line: string, text: string): string {
  if (error.code === 'DUPLICATE_KEY') return 'remove one of the two, or merge them'
  if (error.code === 'MULTIPLE_DOCS')
    return 'remove the line ---, or move the second document to its own file: --config is repeatable'
  const opened = /must be sufficiently indented and end with a ([\]}])/.exec(error.message)
  if (opened !== null) return bracketFix(text.slice(0, error.pos[0]), opened[1] === ']' ? '[' : '{')
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && !/:\s.*:\s/.test(line)) {
    return 'indent the lines below like their neighbours, and write a space behind each dash and colon'
  }
  if (error.code === 'TAB_AS_INDENT' || line.includes('\t')) return 'indent with spaces: YAML does not allow tabs'
  if (/[[{].*\$\{/.test(line)) return 'inside { } and [ ] put quotes around it: "${NAME}"'
  if (/:\s*[^'"\s].*: /.test(line)) return 'put quotes around a value that contains a colon and a space'
  return 'check indentation, brackets and quotes around this line'
}

/** Names the line of the open bracket. The parser reports only the place where it gives up. */
function bracketFix(before: string, bracket: string): string {
  const line = before.slice(0, before.lastIndexOf(bracket)).split('\n').length
  return `close the ${bracket} of line ${line}`
}

/** Finds a value that begins with a quote but is not closed on its line. The parser reports it far below, at the next quote. */
function lineOfOpenQuote(lines: readonly string[]): { line: number; column: number } | undefined {
  const columns = lines.map(columnOfOpenQuote)
  const index = columns.findIndex((column) => column !== undefined)
  return index === -1 ? undefined : { line: index + 1, column: Number(columns[index]) }
}

function columnOfOpenQuote(line: string): number | undefined {
  const open = line.replace(beforeQuote, '')
  return /^["']/.test(open) ? line.length - open.length + 1 : undefined
}

/** Matches closed quotes, a quote or # after a letter, and text without any of them. */
const beforeQuote = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\w['"#]|[^'"#])*/
