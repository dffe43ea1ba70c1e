import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { Readable } from 'node:stream'

export type Running = {
  pid: number
  child: ChildProcess
  lines: Interface
  /** The first line it printed, as JSON. */
  announcement: Record<string, unknown>
  stop: () => Promise<void>
}

/** How Node is started for what is measured: as in our image (`Dockerfile`), and without lines on the error output. */
export const nodeCommand: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--external-memory-accounted-in-global-limit',
]

// Nothing that was started outlives this process, however it ends.
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Has a child end with this process. */
export function endWithUs(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}

export type StartOptions = {
  /** All where undefined; several as `taskset` names them, `0,1`. */
  core?: number | string
  env?: Record<string, string>
  announces: boolean
  /** How much others go first, 0 to 19. */
  niceness?: number
  /** How long it may take until it announces. */
  patienceMs?: number
}

/** Longer than any start or answer of a healthy process takes. */
const usualPatienceMs = 30_000

/**
 * Starts a process, and waits for the line by which it says that it is ready if it is one that announces.
 * @throws when it ends or stays silent instead
 */
export async function startOn(command: readonly string[], options: StartOptions): Promise<Running> {
  const pinned = options.core === undefined ? command : ['taskset', '-c', String(options.core), ...command]
  const [program = '', ...args] = options.niceness ? ['nice', '-n', String(options.niceness), ...pinned] : pinned
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    // The output of a process that does not announce its port is discarded: an unread pipe would fill and stop it.
    stdio: ['pipe', options.announces ? 'pipe' : 'ignore', 'inherit'],
  })
  endWithUs(child)
  // A candidate that dies while it is told something fails by its exit.
  child.stdin?.on('error', () => {})
  child.on('error', () => {})
  const lines = createInterface({ input: child.stdout ?? Readable.from([]) })
  const stop = () => stopChild(child)
  try {
    const announcement = options.announces ? await nextLine(lines, child, options.patienceMs) : {}
    return { pid: child.pid ?? 0, child, lines, announcement, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await exited
  clearTimeout(timer)
}

/**
 * The next line that is JSON; a candidate's log lines are told apart by `level`.
 * @throws when the process ends before it has printed one, or prints none in `timeoutMs`
 */
export async function nextLine(
  lines: Interface,
  child: ChildProcess,
  timeoutMs = usualPatienceMs,
): Promise<Record<string, unknown>> {
  if (child.exitCode !== null || child.signalCode !== null) throw endedEarly(child)
  const done = new AbortController()
  const { signal } = done
  const timer = setTimeout(() => done.abort(new Error(`silent for ${timeoutMs} ms: ${nameOf(child)}`)), timeoutMs)
  const exited = once(child, 'exit', { signal }).then(() => {
    throw endedEarly(child)
  })
  try {
    return await Promise.race([jsonLine(lines, signal), exited])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    exited.catch(() => {})
    clearTimeout(timer)
    done.abort()
  }
}

const nameOf = (child: ChildProcess): string =>
  basename(child.spawnargs.find((argument) => argument.endsWith('.ts')) ?? child.spawnfile)

const endedEarly = (child: ChildProcess): Error => new Error(`a process ended by itself: ${nameOf(child)}`)

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
