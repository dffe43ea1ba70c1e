import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { projectEnvironment, repositoryRoot } from '../testing/command.ts'

const pollEveryMs = 100
const stopTimeoutMs = 10_000

/** A program of the demo, its output in a file. */
export type Program = { name: string; child: ChildProcess; logFile: string }

/** Starts `node <args>` with these variables on top of ours, in the root of the repository or the folder given. */
export const startProgram = (
  name: string,
  args: readonly string[],
  variables: Record<string, string>,
  logFile: string,
  cwd = repositoryRoot,
): Program => {
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...projectEnvironment(), ...variables },
    stdio: ['ignore', log, log],
    // Use a separate process group: Ctrl-C reaches only us, and we stop the programs in order.
    detached: true,
  })
  closeSync(log)
  return { name, child, logFile }
}

const hasEnded = ({ child }: Program): boolean => child.exitCode !== null || child.signalCode !== null

const answersWell = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(url)
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}

/**
 * Resolves when the URL answers 2xx.
 * @throws Error when the program ends before, or on timeout
 */
export const untilReady = async (program: Program, url: string, timeoutMs: number): Promise<void> => {
  const endsAtMs = performance.now() + timeoutMs
  while (performance.now() < endsAtMs) {
    if (hasEnded(program)) throw new Error(`${program.name} ended; see ${program.logFile}`)
    if (await answersWell(url)) return
    await delay(pollEveryMs)
  }
  throw new Error(`${program.name} was not ready after ${timeoutMs / 1000} s; see ${program.logFile}`)
}

/** Asks the program to stop and waits for it; after ten seconds it is ended. */
export const stopProgram = async (program: Program): Promise<void> => {
  if (hasEnded(program)) return
  const ended = new Promise<void>((resolve) => program.child.once('exit', () => resolve()))
  program.child.kill('SIGTERM')
  const timer = setTimeout(() => program.child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}
