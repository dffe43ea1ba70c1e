import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import t from 'tap'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { repositoryRoot } from '../../scripts/testing/command.ts'
import { recordIn } from '../../src/audit/lines.ts'
import { movedFiles } from '../../src/audit/moved-files.ts'
import { temporaryFolder, verdictOn } from '../audit/support.ts'
import { createBrowser } from '../support/browser.ts'
import { endWithUs } from '../support/children.ts'
import { runCommand } from '../support/command.ts'
import { startOrigin } from '../support/origin.ts'
import { freePort } from '../support/ports.ts'
import { passLoginPage } from '../support/stack.ts'
import { until, untilCounted } from '../support/until.ts'
import { startReport } from './support.ts'

t.setTimeout(3_600_000)

const kills = 10
/** Audited requests that have to be answered in total; `npm run drills` uses the full count. */
const wanted = process.env['DRILL_REPORT'] === undefined ? 1_500 : 10_000

/** A receiver that accepts every second batch, and sometimes cuts the connection after it accepted one. */
async function startReceiver() {
  const lines: string[] = []
  const counts = { asked: 0, failed: 0 }
  const server = createServer((incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (part: string) => (body += part))
    incoming.on('end', () => {
      counts.asked += 1
      const isRefused = counts.asked % 2 === 0
      const isAnswerLost = counts.asked % 4 === 0
      if (isRefused) counts.failed += 1
      if (!isRefused || isAnswerLost) lines.push(...body.split('\n').filter(Boolean))
      if (isAnswerLost) response.destroy()
      else response.writeHead(isRefused ? 500 : 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, lines, counts }
}

const folder = await temporaryFolder(t)
const [port, adminPort] = [await freePort(), await freePort()]
const baseUrl = `http://localhost:${port}`
const auth0 = await startLocalAuth0({ callbacks: [`${baseUrl}/.stagedoor/callback`] })
t.teardown(() => auth0.close())
const origin = await startOrigin(t, (_request, response) => response.writeHead(204).end())
const receiver = await startReceiver()
const trail = join(folder, 'audit.jsonl')
const keyFile = join(folder, 'audit-keys.json')
const file = join(folder, 'stagedoor.yaml')
await writeFile(
  file,
  stringify({
    server: { baseUrl, listen: { host: '127.0.0.1', port }, admin: { port: adminPort } },
    auth0: { issuer: auth0.issuer, clientId: auth0.clientId, clientSecrets: [auth0.clientSecret] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: origin.url } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
    audit: {
      sinks: [
        { file: { path: trail, maxSize: '2MiB' } },
        { http: { url: receiver.url, queue: join(folder, 'queue'), gather: '10ms' } },
      ],
      keys: { store: 'file', path: keyFile },
      checkpointEvery: '1s',
    },
    log: { level: 'error' },
  }),
)

async function start(): Promise<ChildProcess> {
  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', file]
  const child = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'inherit'] })
  endWithUs(child)
  const isReady = () =>
    request(`http://127.0.0.1:${adminPort}/.stagedoor/health/live`).then(
      ({ statusCode, body }) => body.dump().then(() => statusCode === 200),
      () => false,
    )
  await until(isReady)
  return child
}

/** Sends admin actions until the process has ended. @returns ids of the actions that were answered as done */
async function sendUntilGone(cookie: string, enough: () => boolean, answered: Set<string>): Promise<void> {
  const dispatcher = new Agent({ connections: 8 })
  const url = `http://127.0.0.1:${port}/api/catalog/locations/x`
  const sender = async (): Promise<void> => {
    while (!enough()) {
      const headers = { cookie, host: `localhost:${port}` }
      const answer = await request(url, { method: 'DELETE', headers, dispatcher }).catch(() => undefined)
      if (answer === undefined) return
      const id = String(answer.headers['x-request-id'])
      if (answer.statusCode === 204) answered.add(id)
      await answer.body.dump().catch(() => undefined)
    }
  }
  await Promise.all(Array.from({ length: 8 }, sender))
  await dispatcher.destroy()
}

async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const { out, err, exitCode = 0 } = await runCommand(['audit', ...args])
  return { code: exitCode, text: out + err }
}

const answered = new Set<string>()
let child = await start()
const browser = createBrowser()
await passLoginPage(await browser.open(`${baseUrl}/`), browser, 'jane@example.com')
const cookie = [...browser.cookiesOf(baseUrl)].map(([name, value]) => `${name}=${value}`).join('; ')

t.test('every answered action has its records, although the process is killed and the receiver fails', async (t) => {
  const report = startReport(t, 'audit trail')
  for (let round = 1; round <= kills; round += 1) {
    const goal = (wanted * round) / (kills + 1)
    const sending = sendUntilGone(cookie, () => false, answered)
    await untilCounted(() => answered.size, goal, 1)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    await sending
    child = await start()
  }
  await sendUntilGone(cookie, () => answered.size >= wanted, answered)
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
  // Records that the last process could not send are sent after the next start.
  child = await start()
  await until(async () => !/stagedoor_audit_sink_waiting\{[^}]*http[^}]*\} [1-9]/.test(await metrics()))
  const last = once(child, 'exit')
  child.kill('SIGTERM')
  await last

  const whole = await run('verify', '--config', file)
  t.equal(whole.code, 0, whole.text)
  const recorded = await phases((await exported()).split('\n'))
  const received = await phases(receiver.lines)
  const missing = (kept: Map<string, Set<unknown>>) => [...answered].filter((id) => kept.get(id)?.size !== 2)
  t.same(missing(recorded), [], 'begun and answered of each are in the file')
  t.same(missing(received), [], 'and at the receiver')
  const keys = JSON.parse(await readFile(`${keyFile}.public`, 'utf8')).keys
  const verdict = verdictOn(receiver.lines, { keys })
  const faults = verdict.faults.filter(({ text }) => !/order was changed/.test(text))
  t.same(
    faults,
    [],
    'chains at the receiver are whole; batches of a process that was killed may come behind those of the next',
  )
  report.requests = answered.size
  report.faults = kills + receiver.counts.failed
  report.failures = missing(recorded).length + missing(received).length + faults.length
  t.comment(
    `${answered.size} answered, ${kills} kills; receiver: ${receiver.counts.asked} batches, ${receiver.counts.failed} failed, ` +
      `${receiver.lines.length} records, ${verdict.repeats} of them repeated`,
  )
  t.comment(whole.text.split('\n').at(-2))
})

const metrics = async (): Promise<string> => (await request(`http://127.0.0.1:${adminPort}/metrics`)).body.text()

const exported = async (): Promise<string> => (await run('export', '--config', file)).text

async function phases(lines: readonly string[]): Promise<Map<string, Set<unknown>>> {
  const found = new Map<string, Set<unknown>>()
  for (const line of lines) {
    const { event, request_id: id, phase } = recordIn(line) ?? {}
    if (event !== 'admin-action' || id === undefined) continue
    found.set(id, (found.get(id) ?? new Set()).add(phase))
  }
  return found
}

t.test('every manual change to the trail is found and reported', async (t) => {
  const texts = await Promise.all([...movedFiles(trail), trail].map((path) => readFile(path, 'utf8')))
  const lines = texts.join('').split('\n').filter(Boolean)
  const at = lines.findIndex((line) => recordIn(line)?.event === 'admin-action')
  const { seq, writer } = recordIn(lines[at] ?? '') ?? {}
  const tampered = join(folder, 'tampered.jsonl')
  const checkpoints = `${trail}.checkpoints`
  const verify = async (changed: readonly string[]) => {
    await writeFile(tampered, `${changed.join('\n')}\n`)
    await chmod(tampered, 0o600)
    return run('verify', tampered, '--keys', `${keyFile}.public`, '--checkpoints', checkpoints)
  }
  const edited = lines.with(at, (lines[at] ?? '').replace('locations', 'elsewhere'))
  const cases: [what: string, changed: readonly string[], expected: RegExp][] = [
    ['edited', edited, new RegExp(`:${at + 1}: record ${seq} of writer ${writer} was changed`)],
    ['removed', lines.toSpliced(at, 1), new RegExp(`record ${seq} of writer ${writer} is missing`)],
    ['swapped', lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? ''), /their order was changed/],
    ['cut', lines.slice(0, -3), /the trail was cut here|all of writer/],
  ]
  for (const [what, changed, expected] of cases) {
    const { code, text } = await verify(changed)
    t.equal(code, 1)
    t.match(text, expected, what)
    t.comment(`${what}: ${text.split('\n').find((line) => expected.test(line))}`)
  }
  t.equal((await verify(lines)).code, 0, 'what nobody touched is whole')
})
