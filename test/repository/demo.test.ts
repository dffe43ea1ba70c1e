import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import t from 'tap'
import type { Test } from 'tap'
import { request } from 'undici'

import { projectEnvironment, repositoryRoot } from '../../scripts/testing/command.ts'

/** Starts the demo as `npm run demo` does; resolves with the address it prints. */
const startDemo = async (t: Test) => {
  // Through env(1): tap puts its loader into the NODE_OPTIONS of every child, where the demo is to be as it is.
  const demo = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, 'scripts/demo.ts'], {
    cwd: repositoryRoot,
    env: projectEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => demo.kill('SIGTERM'))
  const lines: string[] = []
  for await (const line of createInterface(demo.stdout)) {
    lines.push(line)
    const url = /^Open (?<url>http:\S+)/.exec(line)?.groups?.['url']
    if (url !== undefined) return { demo, url }
  }
  throw new Error(`the demo ended early:\n${lines.join('\n')}`)
}

// Not with fetch: it says `Sec-Fetch-Mode: cors` of itself, and only a navigation may begin a login.
const redirectOf = async (url: string): Promise<URL> => {
  const { headers, body } = await request(url, { headers: { accept: 'text/html' } })
  await body.dump()
  return new URL(String(headers['location'] ?? ''), url)
}

t.test('the demo says where to go, sends browsers to its login page, and stops with all its programs', async (t) => {
  const { demo, url } = await startDemo(t)
  const login = await redirectOf(`${url}/.stagedoor/login`)
  t.equal(login.pathname, '/authorize')
  const page = await redirectOf(login.href)
  t.match(page.pathname, '/login')

  demo.kill('SIGINT')
  const [exitCode] = await once(demo, 'exit')
  t.equal(exitCode, 0)
  await t.rejects(fetch(url), 'nobody listens any more')
})
