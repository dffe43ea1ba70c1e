import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'

/** More than this much work of others beforehand, and tails and absolutes mean little. */
const quietLoad = 0.7

const loadAtStart = loadavg()[0] ?? 0

/** The machine and the time, without which absolute figures mean nothing. */
export function machine(): string {
  const [cpu] = cpus()
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const memory = Math.round(totalmem() / 2 ** 30)
  const where = `${cpus().length} × ${cpu?.model}, ${memory} GiB`
  const when = `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}`
  const load = `load average when it began ${loadAtStart.toFixed(1)}`
  const warning = '\n\n**The machine was busy with other work**: trust ratios and `CPU µs/req` rather than tails.'
  return `${when}, ${where}, ${load}.${loadAtStart > quietLoad ? warning : ''}`
}
