/** `npm run bench:stages -- <file.cpuprofile…>`: where the CPU time of a candidate went, stage by stage; see README.md. */
import { readFileSync } from 'node:fs'

import { format, markdownTable } from '../report.ts'
import { type Profile, timeByStage } from './attribution.ts'

/** Start and warm-up. */
const skippedShare = 0.4
/** Smaller shares are summed up in one line. */
const shownPercent = 0.3

const times = new Map<string, number>()
for (const file of process.argv.slice(2)) {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  for (const [stage, time] of timeByStage(profile, skippedShare)) times.set(stage, (times.get(stage) ?? 0) + time)
}
const total = [...times.values()].reduce((sum, time) => sum + time, 0)
const shares = [...times].map(([stage, time]) => ({ stage, percent: (time / total) * 100 }))
const shown = shares.filter(({ percent }) => percent >= shownPercent).toSorted((a, b) => b.percent - a.percent)
const rest = shares.reduce((sum, { percent }) => sum + (percent < shownPercent ? percent : 0), 0)
const lines = [...shown, { stage: 'all others', percent: rest }].map(({ stage, percent }) => [stage, format(percent)])
process.stdout.write(`${markdownTable(['', '% of CPU time'], lines)}\n`)
