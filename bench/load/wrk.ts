import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { endWithUs } from '../process.ts'

const run = promisify(execFile)

export type LoadOptions = {
  url: string
  connections: number
  seconds: number
  /** More request headers, one `Name: value` each. */
  headers?: readonly string[]
  /** Size of the body to POST; none for a GET. */
  uploadBytes?: number
}

export type LoadResult = {
  requests: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  p999Ms: number
  errors: number
  /** Answers with a status of 400 or more; among the errors. */
  refused: number
}

/** wrk waits this long for what is still on its way. */
const patienceSeconds = 40

/**
 * Runs wrk on one thread and reads its figures from the summary that a script prints as JSON. A connection asks again
 * when it was answered: as many requests as it takes, so its latencies are those of a queue of `connections`.
 * @throws when wrk fails or does not end, and when every answer is a refusal: such figures say nothing of what was asked
 */
export async function runWrk(options: LoadOptions, folder: string, core: number | string): Promise<LoadResult> {
  const script = join(folder, 'load.lua')
  await writeFile(script, luaOf(options))
  const flags = (options.headers ?? []).flatMap((header) => ['-H', header])
  const wrk = ['wrk', '-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '30s', '-s', script]
  const running = run('taskset', ['-c', String(core), ...wrk, ...flags, options.url], {
    timeout: (options.seconds + patienceSeconds) * 1_000,
    killSignal: 'SIGKILL',
  })
  endWithUs(running.child)
  const { stdout } = await running
  const result = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{'))) as LoadResult
  if (result.requests > 0 && result.refused === result.requests) throw new Error(`${options.url} refused every request`)
  return result
}

const luaOf = ({ uploadBytes }: LoadOptions): string => `
${uploadBytes === undefined ? '' : `wrk.method = "POST"; wrk.body = string.rep("x", ${uploadBytes})`}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"requestsPerSecond":%f,"p50Ms":%f,"p99Ms":%f,"p999Ms":%f,"errors":%d,"refused":%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, e.connect + e.read + e.write + e.status + e.timeout, e.status))
end
`
