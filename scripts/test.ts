/**
 * `npm test`: everything that must hold. `npm test -- test/policy` runs only the tests below these paths.
 * The last line is `N passed, N failed` (and `, N skipped`): the assertions of the tests plus one for each other part.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { repositoryRoot, runCommand } from './testing/command.ts'
import { coverageComplaints, pureFiles, readCoverageReport } from './testing/coverage.ts'
import { ensureHelm } from './testing/helm.ts'
import { ensurePrograms } from './testing/programs.ts'
import { otherFiles, programTests } from './testing/suite.ts'
import { runTap } from './testing/tap.ts'
import type { TestCounts } from './testing/tap.ts'

type Part = { title: string; run: () => Promise<TestCounts> }

const countsFor = (isFine: boolean): TestCounts => ({ passed: isFine ? 1 : 0, failed: isFine ? 0 : 1, skipped: 0 })

const npmScript = (name: string, ...args: string[]): (() => Promise<TestCounts>) => {
  return async () => countsFor((await runCommand('npm', ['run', '--silent', name, '--', ...args])) === 0)
}

const preparePrograms = async (): Promise<TestCounts> => {
  await ensureHelm()
  return countsFor(await ensurePrograms())
}

const prepareBackstage = async (): Promise<TestCounts> => {
  // Loaded here only, so that `npm test -- <path>` stays quick.
  const { ensureBackstage } = await import('./backstage-setup.ts')
  await ensureBackstage({ log: console.log })
  return countsFor(true)
}

const runProgramTests = (): Promise<TestCounts> => runTap(programTests, { coverage: false, isSuite: true })

const runOtherTests = async (): Promise<TestCounts> => {
  // A report of an earlier run must not stand in for one that this run failed to write.
  rmSync(join(repositoryRoot, '.tap', 'report'), { recursive: true, force: true })
  return runTap(otherFiles(), { coverage: true, isSuite: true })
}

const checkCoverage = async (): Promise<TestCounts> => {
  const complaints = coverageComplaints(readCoverageReport(), pureFiles())
  for (const complaint of complaints) console.log(complaint)
  return countsFor(complaints.length === 0)
}

const parts: Part[] = [
  { title: 'Programs the tests drive', run: preparePrograms },
  // Before linter and types, which read what Backstage's packages export.
  { title: 'Backstage, built once (minutes when fresh)', run: prepareBackstage },
  { title: 'Format', run: npmScript('format', '--check') },
  { title: 'Lint', run: npmScript('lint') },
  { title: 'Types', run: npmScript('typecheck') },
  { title: 'Direction of imports', run: npmScript('direction') },
  { title: 'Generated files', run: npmScript('generate', '--check') },
  // The long ones first: the second run ends with short files, so that no core waits long for the last one.
  { title: 'Tests of whole programs', run: runProgramTests },
  { title: 'Tests of all else', run: runOtherTests },
  { title: 'Coverage of the pure files', run: checkCoverage },
]

const seconds = (durationMs: number): string => (durationMs / 1000).toFixed(1)

// A part that throws is a part that failed: the others still have something to say.
const outcomeOf = async (part: Part): Promise<TestCounts> => {
  try {
    return await part.run()
  } catch (error) {
    console.error(error)
    return countsFor(false)
  }
}

const runParts = async (): Promise<TestCounts> => {
  const total: TestCounts = { passed: 0, failed: 0, skipped: 0 }
  const failedTitles: string[] = []
  for (const part of parts) {
    console.log(`\n── ${part.title}`)
    const startedAtMs = performance.now()
    const counts = await outcomeOf(part)
    console.log(`   ${counts.failed > 0 ? 'failed' : 'fine'} after ${seconds(performance.now() - startedAtMs)} s`)
    if (counts.failed > 0) failedTitles.push(part.title)
    total.passed += counts.passed
    total.failed += counts.failed
    total.skipped += counts.skipped
  }
  if (failedTitles.length > 0) console.log(`\nFailed: ${failedTitles.join('; ')}`)
  return total
}

const paths = process.argv.slice(2)
const { passed, failed, skipped } = paths.length > 0 ? await runTap(paths, { coverage: false }) : await runParts()
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
