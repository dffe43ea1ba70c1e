import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, relative } from 'node:path'

import { repositoryRoot } from './command.ts'

type Place = { start: { line: number } }

/** One file of istanbul's `coverage-final.json`, as far as we read it. */
export type FileCoverage = {
  s: Record<string, number>
  statementMap: Record<string, Place>
  b: Record<string, number[]>
  branchMap: Record<string, { loc: Place }>
  f: Record<string, number>
  fnMap: Record<string, { loc: Place; name: string }>
}

/** Coverage by path relative to the repository. */
export type CoverageReport = Record<string, FileCoverage>

/** Imports of files that do input or output, or handle requests and replies: such a file is part of the shell. */
const shellImport =
  /from '(?:node:(?:fs|fs\/promises|net|http|https|tls|dns|child_process|cluster)|undici|@redis\/client|openid-client|fastify|fastify-plugin)'/

/** Files that start the process and put the stages together. */
const shellFile = /^src\/(?:cli\/|assembly\/|process\/[^/]+$)/

/** The effectful shell is covered by tests over real sockets and processes; every other file must be covered in full. */
export const isPure = (file: string, source: string): boolean => !shellFile.test(file) && !shellImport.test(source)

/** The stages' pure files, relative to the repository. */
export const pureFiles = (root = repositoryRoot): string[] =>
  globSync('src/*/**/*.ts', { cwd: root })
    .filter((file) => isPure(file, readFileSync(join(root, file), 'utf8')))
    .toSorted()

const placesNeverReached = (counts: Record<string, number | number[]>, places: Record<string, Place>): number[] =>
  Object.entries(counts).flatMap(([key, count]) => {
    const line = places[key]?.start.line
    return line !== undefined && [count].flat().includes(0) ? [line] : []
  })

const locations = (map: Record<string, { loc: Place }>): Record<string, Place> =>
  Object.fromEntries(Object.entries(map).map(([key, { loc }]) => [key, loc]))

/** The lines with a statement, branch or function that no test reached, in order. */
export const uncoveredLines = (file: FileCoverage): number[] => {
  const lines = [
    ...placesNeverReached(file.s, file.statementMap),
    ...placesNeverReached(file.b, locations(file.branchMap)),
    ...placesNeverReached(file.f, locations(file.fnMap)),
  ]
  return [...new Set(lines)].toSorted((a, b) => a - b)
}

/** True where nothing is left once the types are gone: such a file cannot be run, so it need not be covered. */
export const isTypesOnly = (source: string): boolean =>
  stripTypeScriptTypes(source)
    .replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '')
    .replaceAll(/^\s*(?:import|export) \{\s*\}(?: from '[^']+')?;?\s*$/gm, '')
    .trim() === ''

const complaintAbout = (file: string, report: CoverageReport, root: string): string[] => {
  const coverage = report[file]
  if (coverage === undefined) {
    return isTypesOnly(readFileSync(join(root, file), 'utf8')) ? [] : [`${file}: no test loads it`]
  }
  const lines = uncoveredLines(coverage)
  return lines.length === 0 ? [] : [`${file}: not covered: line ${lines.join(', ')}`]
}

/** A sentence for each pure file that is not covered in full. */
export const coverageComplaints = (report: CoverageReport, files: readonly string[], root = repositoryRoot): string[] =>
  files.flatMap((file) => complaintAbout(file, report, root))

/** Reads what tap left; throws where a run without coverage left nothing. */
export const readCoverageReport = (): CoverageReport => {
  const text = readFileSync(join(repositoryRoot, '.tap', 'report', 'coverage-final.json'), 'utf8')
  const byAbsolutePath: CoverageReport = JSON.parse(text)
  return Object.fromEntries(
    Object.entries(byAbsolutePath).map(([path, file]) => [relative(repositoryRoot, path), file]),
  )
}
