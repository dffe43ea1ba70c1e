/** A process that sends requests at a constant rate and prints the outcomes. BENCH_LOAD has its task as JSON. */
import { setTimeout as delay } from 'node:timers/promises'

import { createConnections } from './connections.ts'
import type { OpenLoopTask } from './open-loop.ts'
import { pace } from './pace.ts'
import { type Outcome, tally } from './tally.ts'

const task = JSON.parse(process.env.BENCH_LOAD ?? '{}') as OpenLoopTask
const { ratePerSecond, seconds, connections: atFirst, maxConnections, timeoutMs, isExact } = task
const { hostname, port, pathname, host } = new URL(task.url)
const head = [`GET ${pathname} HTTP/1.1`, `Host: ${host}`, ...task.headers, '', ''].join('\r\n')

const outcomes: Outcome[] = []
const lateMs: number[] = []
const connections = createConnections(
  { host: hostname, port: Number(port), head },
  { max: maxConnections, timeoutMs },
  (outcome) => outcomes.push(outcome),
)
await connections.open(atFirst)
const count = Math.round(ratePerSecond * seconds)
const { beganAt } = await pace({ ratePerSecond, count, isExact }, (dueAt) => {
  lateMs.push(performance.now() - dueAt)
  connections.ask(dueAt)
})
// Those that wait for a connection are given up one after the other, those that were sent are waited for.
const givesUpAt = performance.now() + 2 * timeoutMs
while (connections.pending() > 0 && performance.now() < givesUpAt) await delay(20)
connections.close()
for (const outcome of outcomes) if (outcome.kind === 'answered') outcome.answeredAtMs -= beganAt
process.stdout.write(`${JSON.stringify(tally(outcomes, { count, durationMs: seconds * 1_000, lateMs }))}\n`)
process.exit(0)
