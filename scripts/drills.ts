/** `npm run drills`: the tests of `test/drills` for `DRILL_SECONDS` each, and a report of what was tried. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env } from 'node:process'

import { ensurePrograms } from './testing/programs.ts'
import { runTap } from './testing/tap.ts'

type Row = Record<string, string | number>

const folder = mkdtempSync(join(tmpdir(), 'stagedoor-drills-'))
const reportFile = join(folder, 'report.jsonl')
env['DRILL_REPORT'] = reportFile
env['DRILL_SECONDS'] ??= '60'

const readRows = (): Row[] => {
  try {
    return readFileSync(reportFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
  } catch {
    return []
  }
}

const hasPrograms = await ensurePrograms()
const paths = argv.slice(2)
const { passed, failed, skipped } = await runTap(paths.length > 0 ? paths : ['test/drills'], {
  coverage: false,
  timeoutSeconds: 600 + 5 * Number(env['DRILL_SECONDS']),
})
console.table(Object.fromEntries(readRows().map(({ drill, ...figures }) => [drill, figures])))
rmSync(folder, { recursive: true })
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 || !hasPrograms ? 1 : 0
