/** `npm run drills`: runs the tests of `test/drills` for `DRILL_SECONDS` each, and prints a report in Markdown. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env } from 'node:process'

import { type DrillRow, drillTable, machineLine } from './testing/drill-report.ts'
import { ensurePrograms } from './testing/programs.ts'
import { runTap } from './testing/tap.ts'

const folder = mkdtempSync(join(tmpdir(), 'stagedoor-drills-'))
const reportFile = join(folder, 'report.jsonl')
env['DRILL_REPORT'] = reportFile
env['DRILL_SECONDS'] ??= '60'

const readRows = (): DrillRow[] => {
  try {
    return readFileSync(reportFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DrillRow)
  } catch {
    return []
  }
}

const startedAtMs = performance.now()
const hasPrograms = await ensurePrograms()
const paths = argv.slice(2)
const { passed, failed, skipped } = await runTap(paths.length > 0 ? paths : ['test/drills'], {
  coverage: false,
  // Drills wait for conditions, which takes long on a busy machine.
  timeoutSeconds: 3_600 + 5 * Number(env['DRILL_SECONDS']),
})
const minutes = Math.round((performance.now() - startedAtMs) / 60_000)
console.log(`
# Drills of ${new Date().toISOString().slice(0, 10)}

${machineLine()}. ${env['DRILL_SECONDS']} s for each drill, ${minutes} min for all.

${drillTable(readRows())}
`)
rmSync(folder, { recursive: true })
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 || !hasPrograms ? 1 : 0
