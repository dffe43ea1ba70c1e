/** `npm run bench`: candidates side by side; see README.md. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { isInstalled } from '../scripts/testing/programs.ts'
import { type Origins, startOrigins } from './contestants.ts'
import { machine } from './machine.ts'
import { measureCase } from './measure/case.ts'
import { type Options, readOptions } from './options.ts'
import { type CaseResult, section } from './report.ts'
import { withMeasured } from './results-file.ts'
import { targetSection } from './targets.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const options = readOptions(process.argv.slice(2))
const missing = ['wrk', 'taskset'].filter((program) => !isInstalled(program))
if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}; on Debian: apt-get install wrk util-linux`)
const header = machine()
const origins = await startOrigins(options)
const results = await measureAll(options, origins)
await origins.stop()
const targets = targetSection(results)
process.stdout.write(`${targets}\n`)
if (options.isSaved) await save([describe(options), targets, ...results.map(section)].join('\n'))
process.exit(0)

async function measureAll(options: Options, origins: Origins): Promise<CaseResult[]> {
  process.stdout.write(`${header}\n\n`)
  const results: CaseResult[] = []
  for (const each of options.cases) {
    const result = await measureCase(each, options, origins)
    results.push(result)
    process.stdout.write(`${section(result)}\n`)
  }
  return results
}

function describe({ seconds }: Options): string {
  return `Medians of interleaved runs of ${seconds} s, written by \`npm run bench -- --save\`.\n${header}\n`
}

async function save(measured: string): Promise<void> {
  const file = join(import.meta.dirname, 'RESULTS.md')
  await writeFile(file, withMeasured(await readFile(file, 'utf8').catch(() => ''), measured))
}
