import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

import { startCommand } from './backstage-command.ts'
import { exampleDirectory, type ProgressLog } from './backstage-setup.ts'

const startTimeoutMs = 300_000
const pollEveryMs = 200
const stopTimeoutMs = 10_000
const keptLogLines = 200

export type BackendOptions = {
  /** The module that Node runs, in the example's directory. */
  entry: string
  /** Port on 127.0.0.1 that the configuration makes it listen to. */
  port: number
  /** Later ones win. */
  configFiles: readonly string[]
  /** Variables in addition to our own environment. */
  environment?: NodeJS.ProcessEnv
  /** A module that Node loads first. */
  preload?: string | undefined
  /** URL that has to answer 2xx in addition to Backstage's own readiness. */
  readyPaths?: readonly string[]
  /** Gets every line that Backstage logs. */
  log?: ProgressLog
}

export type RunningBackstage = {
  url: string
  close: () => Promise<void>
  /** Sends SIGKILL and waits for the exit. */
  kill: () => Promise<void>
}

/**
 * Starts a backend with the packages of the example, and waits until it is ready. It runs in production mode, in which a provider
 * that fails to start stops Backstage, instead of being skipped with a warning.
 *
 * @throws Error with Backstage's last log lines, where it ends or is not ready in five minutes
 */
export async function startBackend(options: BackendOptions): Promise<RunningBackstage> {
  const { entry, port, configFiles, environment, preload, readyPaths = [] } = options
  const url = `http://127.0.0.1:${port}`
  const first = preload === undefined ? [] : ['--import', preload]
  const parameters = [...first, entry, ...configFiles.flatMap((file) => ['--config', file])]
  const backend = startCommand(process.execPath, parameters, {
    directory: exampleDirectory,
    environment: { ...process.env, NODE_ENV: 'production', ...environment },
  })
  const lastLines = collectLog(backend, options.log)
  const close = () => stop(backend)
  try {
    await untilReady(backend, url, readyPaths)
  } catch (error) {
    await close()
    throw new Error(`Backstage did not start:\n${lastLines.join('\n')}`, { cause: error })
  }
  return { url, close, kill: () => end(backend, 'SIGKILL') }
}

/** Passes every line on, and keeps the last ones for the error message. */
function collectLog(backend: ChildProcess, log: ProgressLog | undefined): string[] {
  const lastLines: string[] = []
  for (const stream of [backend.stdout, backend.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((line) => line !== '')) {
        log?.(line)
        lastLines.push(line)
        if (lastLines.length > keptLogLines) lastLines.shift()
      }
    })
  }
  return lastLines
}

async function untilReady(backend: ChildProcess, url: string, readyPaths: readonly string[]): Promise<void> {
  const giveUp = AbortSignal.timeout(startTimeoutMs)
  for (const path of ['/.backstage/health/v1/readiness', ...readyPaths]) {
    while (!(await answersOk(`${url}${path}`, giveUp))) {
      if (!isRunning(backend)) throw new Error(`Backstage ended with code ${backend.exitCode}`)
      await setTimeout(pollEveryMs, undefined, { signal: giveUp })
    }
  }
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

/** Asks Backstage to stop, and ends it if it has not in ten seconds. */
async function stop(backend: ChildProcess): Promise<void> {
  const timer = globalThis.setTimeout(() => backend.kill('SIGKILL'), stopTimeoutMs)
  await end(backend, 'SIGTERM')
  clearTimeout(timer)
}

async function end(backend: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(backend)) return
  const ended = once(backend, 'exit')
  backend.kill(signal)
  await ended
}

function isRunning(backend: ChildProcess): boolean {
  return backend.exitCode === null && backend.signalCode === null
}
