import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type LoadOptions = {
  url: string
  connections: number
  seconds: number
  cookie: string | undefined
  /** More request headers, one `Name: value` each. */
  headers?: readonly string[]
  /** Size of the body to POST; none for a GET. */
  uploadBytes?: number
  /** Requests per second over all connections; as many as it takes where undefined. */
  rate?: number
}

export type LoadResult = {
  requests: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  p999Ms: number
  errors: number
}

/** Runs wrk on one thread and reads its figures from the summary that a script prints as JSON. */
export async function runWrk(options: LoadOptions, folder: string, core: number): Promise<LoadResult> {
  const script = join(folder, 'load.lua')
  await writeFile(script, luaOf(options))
  const headers = [...(options.headers ?? []), ...(options.cookie === undefined ? [] : [`Cookie: ${options.cookie}`])]
  const wrk = ['wrk', '-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '30s', '-s', script]
  const flags = headers.flatMap((header) => ['-H', header])
  const { stdout } = await run('taskset', ['-c', String(core), ...wrk, ...flags, options.url])
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{'))) as LoadResult
}

const luaOf = ({ uploadBytes, rate, connections }: LoadOptions): string => `
${uploadBytes === undefined ? '' : `wrk.method = "POST"; wrk.body = string.rep("x", ${uploadBytes})`}
${rate === undefined ? '' : `function delay() return ${Math.round((connections / rate) * 1000)} end`}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"requestsPerSecond":%f,"p50Ms":%f,"p99Ms":%f,"p999Ms":%f,"errors":%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
`
