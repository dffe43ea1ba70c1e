import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

const program = join(import.meta.dirname, '../../node_modules/@backstage/cli-module-auth/bin/backstage-cli-module-auth')

export type BackstageCommand = {
  /** Runs `backstage-cli auth` with these arguments. Rejects with its output when it fails. */
  run(...words: string[]): Promise<string>
  /** Starts a login. `agree` gets the URL that the person opens. @returns the output */
  logIn(portalUrl: string, agree: (authorizationUrl: string) => Promise<unknown>): Promise<string>
}

/** Backstage's own command with a home folder for this test. */
export async function createBackstageCommand(t: Test): Promise<BackstageCommand> {
  const home = await mkdtemp(join(tmpdir(), 'stagedoor-backstage-command-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, FORCE_COLOR: '0' }

  function start(words: readonly string[], onOutput: (output: string) => void = () => undefined): Promise<string> {
    const child = spawn(process.execPath, [program, 'auth', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    t.teardown(() => void child.kill())
    let output = ''
    const hear = (text: Buffer): void => {
      output += text.toString()
      onOutput(output)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    return new Promise((resolve, reject) => {
      child.once('close', (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(output))))
    })
  }

  return {
    run: (...words) => start(words),
    async logIn(portalUrl, agree) {
      const address = Promise.withResolvers<string>()
      const finished = start(['login', '--backend-url', portalUrl, '--no-browser'], (output) => {
        const [, found] = /continue: (\S+)\n/.exec(output) ?? []
        if (found !== undefined) address.resolve(found)
      })
      finished.catch(address.reject)
      await agree(await address.promise)
      return finished
    },
  }
}
