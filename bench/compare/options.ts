import { parseArgs } from 'node:util'

import { type LoadCase, type PacedCase, cases } from '../cases.ts'
import { candidateNames, chosen, count } from '../options.ts'

export type CompareOptions = {
  /** Before and after; anything that git takes for a commit. */
  commits: readonly [string, string]
  cases: readonly (LoadCase | PacedCase)[]
  candidates: readonly string[]
  seconds: number
  rounds: number
}

const comparable = cases.filter((each) => each.kind === 'load' || each.kind === 'paced')

/** Reads the command line of `bench:compare`. */
export function readCompareOptions(args: readonly string[]): CompareOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      cases: { type: 'string', default: 'json' },
      candidates: { type: 'string', default: 'stagedoor' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '10' },
    },
  })
  const [before, after, ...more] = positionals
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error('expected two commits: npm run bench:compare -- <before> <after>')
  }
  return {
    commits: [before, after],
    cases: chosen(values.cases, comparable, ({ name }) => name) ?? [],
    candidates: chosen(values.candidates, candidateNames, (name) => name) ?? [],
    seconds: count('seconds', values.seconds),
    rounds: count('rounds', values.rounds),
  }
}
