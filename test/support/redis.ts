import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { endAndWait, endWithUs } from './children.ts'
import { freePort } from './ports.ts'
import { until } from './until.ts'

export type TestRedis = {
  url: string
  port: number
  /** Stops the server, as an outage would. Its data survives only with `isPersistent`. */
  stop(): Promise<void>
  /** Restarts the server on the same port. */
  start(): Promise<void>
  /** Suspends the server, with open connections and without answers, until `thaw`. */
  freeze(): void
  thaw(): void
  /** Sends one command, as text, over a new connection. */
  command(...words: string[]): Promise<string>
}

export type TestRedisOptions = {
  isPersistent?: boolean
  arguments?: readonly string[]
  /** The file in which sentinels store their state. */
  configFile?: string
  /** Default: a free one. */
  port?: number
}

/** A real redis-server on a free port that stops when the test ends. */
export async function startRedis(t: Test, options: TestRedisOptions = {}): Promise<TestRedis> {
  const port = options.port ?? (await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-redis-'))
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const file = options.configFile === undefined ? [] : [options.configFile]
    const args = [...file, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    if (options.configFile === undefined) args.push('--save', '')
    if (options.isPersistent) args.push('--appendonly', 'yes', '--appendfsync', 'always')
    child = spawn('redis-server', [...args, ...(options.arguments ?? [])], { stdio: 'ignore' })
    endWithUs(child)
    await untilItAnswers(port, child)
  }

  async function stop(): Promise<void> {
    const running = child
    child = undefined
    if (running !== undefined) await endAndWait(running, 'SIGKILL')
  }

  await start()
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    command: (...words) => ask(port, `${words.join(' ')}\r\n`),
  }
}

function untilItAnswers(port: number, child: ChildProcess): Promise<void> {
  return until(async () => {
    if (child.exitCode !== null) throw new Error(`redis-server on port ${port} ended at the start`)
    return (await ask(port, 'PING\r\n').catch(() => '')).startsWith('+PONG')
  })
}

/** An inline command (RESP, "Inline commands"); the first piece of the answer is enough for tests. */
function ask(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(line))
    socket.once('data', (answer) => {
      socket.destroy()
      resolve(answer.toString())
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`nothing answers on port ${port}`)))
  })
}
