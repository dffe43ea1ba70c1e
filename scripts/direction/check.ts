import { globSync } from 'node:fs'

import { cyclesAmong } from './cycles.ts'
import { readImports } from './imports.ts'
import { objectionTo, partOf } from './rules.ts'

const checkedFiles = ['src/**/*.ts', 'packages/assertion-contract/src/**/*.ts', 'plugins/*/src/**/*.{ts,tsx}']

export type DirectionReport = { fileCount: number; importCount: number; violations: string[] }

/** Checks the imports of `src/`, `plugins/` and the contract against the rules. */
export const checkDirection = (root: string): DirectionReport => {
  const files = globSync(checkedFiles, { cwd: root, exclude: ['**/node_modules/**'] }).toSorted()
  const imports = readImports(root, files)
  const misplaced = imports.flatMap(({ from, to, kind }) => {
    const objection = objectionTo(partOf(from), partOf(to), kind)
    return objection === undefined ? [] : [`${from} imports ${to} (${kind}): ${objection}`]
  })
  const cycles = cyclesAmong(imports).map((cycle) => `cycle: ${cycle.join(' → ')}`)
  return { fileCount: files.length, importCount: imports.length, violations: [...misplaced, ...cycles] }
}
