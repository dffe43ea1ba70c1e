/** `npm run bench:compare -- <before> <after>`: the same cases with two commits, in turns; see README.md. */
import { join } from 'node:path'

import { startCandidate, startOrigins } from '../contestants.ts'
import { machine } from '../machine.ts'
import { measureRequests } from '../measure/case.ts'
import { checkOut } from './checkout.ts'
import { comparison, rowName } from './comparison.ts'
import { readCompareOptions } from './options.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const { commits, cases, candidates, seconds, rounds } = readCompareOptions(process.argv.slice(2))
process.stdout.write(`${machine()}\n\n`)
const [before, after] = [checkOut(commits[0]), checkOut(commits[1])]
// The same commit twice tells how much of a difference is noise.
const labels = [before.commit, after.commit === before.commit ? `${after.commit} again` : after.commit] as const
const origins = await startOrigins({ originPort: 0 })
for (const each of cases) {
  const kind = each.kind === 'load' ? each.origin : 'static'
  const starts = candidates.flatMap((candidate) =>
    [before, after].map(({ folder }, i) => ({
      name: rowName(candidate, labels[i] ?? ''),
      start: () => startCandidate(candidate, { origins, kind, folder: join(folder, 'bench', 'candidates') }),
    })),
  )
  const result = await measureRequests(each, starts, { rounds, seconds, folder: origins.folder })
  process.stdout.write(`${comparison(result, labels, candidates)}\n`)
}
await origins.stop()
process.exit(0)
