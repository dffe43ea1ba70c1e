/** `npm run bench`: origins, candidates and load on two cores; see README.md for the options. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Case } from './cases.ts'
import { type Contestant, type OriginKind, type Origins, startContestants, startOrigins } from './contestants.ts'
import { type Figures, measureFanOut, measureLoad } from './measure.ts'
import { type Options, readOptions } from './options.ts'
import { type CaseRuns, machine, table } from './report.ts'

/** Less, and the optimizing compiler is what is measured. */
const warmUpSeconds = 2

async function measureCase(each: Case, all: readonly Contestant[], options: Options, origins: Origins) {
  const contestants = all.filter(({ name }) => mayEnter(name, each))
  const runs = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]))
  const measure = (contestant: Contestant, seconds: number): Promise<Figures> =>
    each.kind === 'load'
      ? measureLoad(each, contestant, { seconds, folder: origins.folder })
      : measureFanOut(each, contestant, { open: options.open, originUrl: origins.dynamic })

  if (each.kind === 'load') for (const contestant of contestants) await measure(contestant, warmUpSeconds)
  const rounds = each.kind === 'load' ? options.rounds : 1
  // Interleaved, so that a slow minute of the machine touches all alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const contestant of contestants) runs.get(contestant.name)?.push(await measure(contestant, options.seconds))
  }
  return { title: each.title, runs } satisfies CaseRuns
}

// The bare relay stands for the cost of requests; there is no bare upgrade to compare with.
const mayEnter = (name: string, each: Case): boolean => name !== 'undici-relay' || each.name !== 'sockets'

const originOf = (each: Case): OriginKind => (each.kind === 'load' ? each.origin : 'dynamic')

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const options = readOptions(process.argv.slice(2))
const origins = await startOrigins(options)
const tables: string[] = []
for (const kind of ['static', 'dynamic'] as const) {
  const cases = options.cases.filter((each) => originOf(each) === kind)
  if (cases.length === 0) continue
  const contestants = await startContestants(options, origins, kind)
  for (const each of cases) {
    tables.push(table(await measureCase(each, contestants, options, origins)))
    process.stdout.write(`${tables.at(-1)}\n`)
  }
  for (const { running } of contestants) await running?.stop()
}
await origins.stop()
if (options.isSaved) {
  const text = `# Results of the benchmarks\n\nMedians of ${options.rounds} interleaved runs of ${options.seconds} s, written by \`npm run bench -- --save\`.\n${machine()}.\n\n${tables.join('\n')}`
  await writeFile(join(import.meta.dirname, 'RESULTS.md'), text)
}
process.exit(0)
