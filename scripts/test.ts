/**
 * `npm test`: runs all checks. `npm test -- test/policy` runs only the tests below these paths.
 * The last line is `N passed, N failed` (and `, N skipped`): the assertions of the tests plus one for each other part.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { collectCommand, repositoryRoot } from './testing/command.ts'
import { coverageComplaints, pureFiles, readCoverageReport } from './testing/coverage.ts'
import { ensureHelm } from './testing/helm.ts'
import { ensurePrograms } from './testing/programs.ts'
import { partTests, programTests } from './testing/suite.ts'
import { runTap } from './testing/tap.ts'
import type { TestCounts } from './testing/tap.ts'

type Log = (text: string) => void
type Part = { title: string; run: (log: Log) => Promise<TestCounts> }

const countsFor = (isFine: boolean): TestCounts => ({ passed: isFine ? 1 : 0, failed: isFine ? 0 : 1, skipped: 0 })

const npmScript = (name: string, ...args: string[]): Part['run'] => {
  return async (log) => {
    const { exitCode, output } = await collectCommand('npm', ['run', '--silent', name, '--', ...args])
    if (output !== '') log(output)
    return countsFor(exitCode === 0)
  }
}

const preparePrograms = async (): Promise<TestCounts> => {
  await ensureHelm()
  return countsFor(await ensurePrograms())
}

// Loaded here only, so that `npm test -- <path>` stays quick.
const loadSetup = () => import('./backstage-setup.ts')

const prepareBackstage = async (log: Log): Promise<TestCounts> => {
  await (await loadSetup()).ensurePackagesBuilt({ log })
  return countsFor(true)
}

const prepareFrontend = async (log: Log): Promise<TestCounts> => {
  await (await loadSetup()).ensureBackstage({ log })
  return countsFor(true)
}

const runProgramTests = (log: Log): Promise<TestCounts> => runTap(programTests, { coverage: false, isSuite: true, log })

const runPartTests = async (log: Log): Promise<TestCounts> => {
  // A report of an earlier run must not stand in for one that this run failed to write.
  rmSync(join(repositoryRoot, '.tap', 'report'), { recursive: true, force: true })
  return runTap(partTests(), { coverage: true, isSuite: true, log })
}

const checkCoverage = async (log: Log): Promise<TestCounts> => {
  const complaints = coverageComplaints(readCoverageReport(), pureFiles())
  for (const complaint of complaints) log(complaint)
  return countsFor(complaints.length === 0)
}

/** Parts in their order; those of one row run at once. */
const rows: Part[][] = [
  [{ title: 'Programs the tests drive', run: preparePrograms }],
  // Before linter and types, which read what Backstage's packages export. Much of an installation is waiting.
  [
    { title: 'Backstage, installed once (minutes when fresh)', run: prepareBackstage },
    { title: 'Tests of single parts', run: runPartTests },
  ],
  // Bundling keeps one core busy.
  [
    { title: 'Backstage’s frontend, bundled once', run: prepareFrontend },
    { title: 'Lint', run: npmScript('lint') },
    { title: 'Types', run: npmScript('typecheck') },
    { title: 'Format', run: npmScript('format', '--check') },
    { title: 'Direction of imports', run: npmScript('direction') },
    { title: 'Generated files', run: npmScript('generate', '--check') },
    { title: 'Coverage of the pure files', run: checkCoverage },
  ],
  [{ title: 'Tests of whole programs', run: runProgramTests }],
]

const seconds = (durationMs: number): string => (durationMs / 1000).toFixed(1)

// A part that throws has failed. The other parts still run.
const outcomeOf = async (part: Part, log: Log): Promise<TestCounts> => {
  try {
    return await part.run(log)
  } catch (error) {
    log(inspect(error))
    return countsFor(false)
  }
}

/** Runs a part and prints its output: at once if it runs alone, otherwise at its end. */
const runPart = async (part: Part, isAlone: boolean): Promise<TestCounts> => {
  const title = `\n── ${part.title}`
  const kept = [title]
  if (isAlone) console.log(title)
  const startedAtMs = performance.now()
  const counts = await outcomeOf(part, isAlone ? console.log : (text) => kept.push(text))
  if (!isAlone) console.log(kept.join('\n'))
  console.log(`   ${counts.failed > 0 ? 'failed' : 'fine'} after ${seconds(performance.now() - startedAtMs)} s`)
  return counts
}

const runParts = async (): Promise<TestCounts> => {
  const total: TestCounts = { passed: 0, failed: 0, skipped: 0 }
  const failedTitles: string[] = []
  for (const row of rows) {
    const outcomes = await Promise.all(row.map((part) => runPart(part, row.length === 1)))
    for (const [index, counts] of outcomes.entries()) {
      if (counts.failed > 0) failedTitles.push(row[index]?.title ?? '')
      total.passed += counts.passed
      total.failed += counts.failed
      total.skipped += counts.skipped
    }
  }
  if (failedTitles.length > 0) console.log(`\nFailed: ${failedTitles.join('; ')}`)
  return total
}

const paths = process.argv.slice(2)
/** How long a file may take; `npm run fuzz` needs hours. */
const timeoutSeconds = Number(process.env['TEST_TIMEOUT_SECONDS'] ?? 600)
const runPaths = (): Promise<TestCounts> => runTap(paths, { coverage: false, timeoutSeconds })
const { passed, failed, skipped } = paths.length > 0 ? await runPaths() : await runParts()
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
