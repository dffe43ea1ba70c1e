import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import t from 'tap'
import type { Test } from 'tap'
import { request } from 'undici'

import { projectEnvironment, repositoryRoot } from '../../scripts/testing/command.ts'

/** Starts the demo as `npm run demo` does. Resolves with the URL that it prints. */
const startDemo = async (t: Test) => {
  const demo = spawn(process.execPath, ['scripts/demo.ts'], {
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

// Do not use fetch: it sends `Sec-Fetch-Mode: cors`, and only a navigation may start a login.
const redirectOf = async (url: string): Promise<URL> => {
  const { headers, body } = await request(url, { headers: { accept: 'text/html' } })
  await body.dump()
  return new URL(String(headers['location'] ?? ''), url)
}

/** Runs `npm run demo:doctor` as in the docs. */
const examine = async (...more: string[]) => {
  const doctor = spawn('npm', ['run', '--silent', 'demo:doctor', '--', ...more], {
    cwd: repositoryRoot,
    env: projectEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [exitCode]] = await Promise.all([text(doctor.stdout), text(doctor.stderr), once(doctor, 'exit')])
  return { out, err, exitCode: exitCode as number }
}

t.test(
  'the demo prints its URL, redirects to its login page, passes the doctor, and stops all its programs',
  async (t) => {
    const { demo, url } = await startDemo(t)
    const login = await redirectOf(`${url}/.stagedoor/login`)
    t.equal(login.pathname, '/authorize')
    const page = await redirectOf(login.href)
    t.match(page.pathname, '/login')

    const { out, err, exitCode: healthy } = await examine('--management')
    t.equal(healthy, 0, out + err)
    t.match(out, /^\d+ checks, 1 could not be asked, all well\.$/m)
    t.match(
      out,
      '– not checked, because no post-login Action names a claim of auth0.claims: auth0-action',
      'the stand-in has none',
    )

    demo.kill('SIGINT')
    const [exitCode] = await once(demo, 'exit')
    t.equal(exitCode, 0)
    await t.rejects(fetch(url), 'nobody listens any more')
    await t.rejects(access(join(repositoryRoot, '.cache/demo/stagedoor.env')), 'and what it was started with is gone')
  },
)
