import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import t from 'tap'
import type { Test } from 'tap'

const main = fileURLToPath(new URL('../../auth0/local/main.ts', import.meta.url))

type Ready = { issuer: string; clientId: string; users: string[] }

async function startProcess(t: Test, parameters: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...parameters], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  return { child, ready: JSON.parse(line) as Ready }
}

const authorize = (ready: Ready, redirectUri: string) => {
  const query = new URLSearchParams({
    client_id: ready.clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    prompt: 'none',
  })
  return fetch(`${ready.issuer}authorize?${query.toString()}`, { redirect: 'manual' })
}

t.test('the command prints one line when ready, accepts several callbacks and stops on SIGTERM', async (t) => {
  const callbacks = ['http://localhost:8080/a', 'http://localhost:8080/b']
  const parameters = ['--issuer-host', 'localhost', ...callbacks.flatMap((url) => ['--callback', url])]
  const { child, ready } = await startProcess(t, parameters)
  const users = ['jane@example.com', 'max@example.com', 'eve@example.com', 'bob@example.com']
  t.match(ready, { issuer: /^http:\/\/localhost:\d+\/$/, users })
  for (const url of callbacks) t.ok((await authorize(ready, url)).headers.get('location')?.startsWith(url))
  t.equal((await authorize(ready, 'http://localhost:8080/c')).status, 403)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  t.equal(code, 0)
})

t.test('environment variables work like the options', async (t) => {
  const { ready } = await startProcess(t, [], {
    LOCAL_AUTH0_ISSUER: 'http://login.test:4000/',
    LOCAL_AUTH0_CALLBACKS: 'http://localhost:8080/a, http://localhost:8080/b',
  })
  t.equal(ready.issuer, 'http://login.test:4000/')
})
