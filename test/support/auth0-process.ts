import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import type { Test } from 'tap'

import type { LocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { endAndWait, endWithUs } from './children.ts'
import { freePort } from './ports.ts'

/** The local Auth0 as a process. A restart has the same people, new keys and no sessions. */
export type Auth0Process = Pick<LocalAuth0, 'issuer' | 'clientId' | 'clientSecret'> & {
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>
  start(): Promise<void>
}

export async function startAuth0Process(t: Test, callback: string): Promise<Auth0Process> {
  const port = await freePort()
  const args = ['--disable-warning=ExperimentalWarning', 'auth0/local/main.ts', '--port', String(port)]
  let child: ChildProcess | undefined

  async function start() {
    const started = spawn(process.execPath, [...args, '--callback', callback], {
      cwd: repositoryRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    endWithUs(started)
    child = started
    const [line] = (await once(createInterface(started.stdout), 'line')) as [string]
    return JSON.parse(line) as Pick<LocalAuth0, 'issuer' | 'clientId' | 'clientSecret'>
  }

  async function kill(): Promise<void> {
    const running = child
    child = undefined
    if (running !== undefined) await endAndWait(running, 'SIGKILL')
  }

  t.teardown(kill)
  const { issuer, clientId, clientSecret } = await start()
  return { issuer, clientId, clientSecret, kill, start: async () => void (await start()) }
}
