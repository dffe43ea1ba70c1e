import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { createInterface, type Interface } from 'node:readline'

export type Running = {
  pid: number
  child: ChildProcess
  lines: Interface
  /** The first line it printed, as JSON. */
  announcement: Record<string, unknown>
  stop(): Promise<void>
}

// Nothing that was started outlives this process, however it ends.
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export type StartOptions = { core: number; env?: Record<string, string>; announces: boolean }

/** Starts a process on one core and waits for the line by which it says that it is ready. */
export async function startOn(command: readonly string[], options: StartOptions): Promise<Running> {
  const child = spawn('taskset', ['-c', String(options.core), ...command], {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  const lines = createInterface({ input: child.stdout })
  const announcement = options.announces ? await nextLine(lines, child) : {}
  return {
    pid: child.pid ?? 0,
    child,
    lines,
    announcement,
    async stop() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await exited
      clearTimeout(timer)
    },
  }
}

/**
 * The next line that is JSON; a candidate's log lines are told apart by `level`.
 * @throws when the process ends before it has printed one
 */
export async function nextLine(lines: Interface, child: ChildProcess): Promise<Record<string, unknown>> {
  const done = new AbortController()
  const exited = once(child, 'exit', { signal: done.signal }).then(() => {
    throw new Error(`a process ended before it was ready: ${child.spawnargs.join(' ')}`)
  })
  try {
    return await Promise.race([jsonLine(lines, done.signal), exited])
  } finally {
    exited.catch(() => {})
    done.abort()
  }
}

async function jsonLine(lines: Interface, signal: AbortSignal): Promise<Record<string, unknown>> {
  for (;;) {
    const [line] = (await once(lines, 'line', { signal })) as [string]
    const parsed = line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : { level: 'info' }
    if (!('level' in parsed)) return parsed
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const ticksPerSecond = 100

/** CPU time of a process so far, user and system, in microseconds. */
export async function cpuMicroseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond
}

/** Resident memory in MiB: now (`VmRSS`) or at its peak since the last reset (`VmHWM`). */
export async function memoryMiB(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
}

export async function resetPeakMemory(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {})
}
