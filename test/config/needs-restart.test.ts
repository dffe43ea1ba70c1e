import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { pino } from 'pino'
import t, { type Test } from 'tap'

import { needsRestart, withoutTakenHost } from '../../src/config/needs-restart.ts'
import { logWaiting, readAnew } from '../../src/process/reload.ts'
import { folderWith, least, load } from './support.ts'

function startLog() {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
  return { lines, logger }
}

async function readText(t: Test, text: string) {
  const folder = await folderWith(t, { 'a.yaml': text })
  const file = join(folder, 'a.yaml')
  const { lines, logger } = startLog()
  return { file, lines, read: await readAnew({ files: [file], env: {} }, logger) }
}

t.test('valid configuration is read, and its warnings are logged', async (t) => {
  const shadowed = '{ name: never, path: /never, allow: public }'
  const { file, lines, read } = await readText(t, least.replace('authenticated }', `authenticated }, ${shadowed}`))
  t.match(read, { config: { routes: { length: 2 } } })
  t.match(lines, [{ level: 40, file, line: 6, option: 'routes[1]' }])
})

t.test('each problem is logged with file, line, option and fix, and with a note that nothing changes', async (t) => {
  const broken = `${least}log: { level: loud }\nserverr: {}\n`
  const { file, lines, read } = await readText(t, broken)
  const summary = `a.yaml:7 (log.level) and 1 more; the log says what is wrong`
  t.same(read, { refusal: { summary, places: ['a.yaml:7 (log.level)', 'a.yaml:8 (serverr)'] } })
  t.match(lines, [
    { level: 50, file, line: 7, option: 'log.level', found: '"loud"', expected: /one of/, msg: /log|level/ },
    { level: 50, file, line: 8, option: 'serverr', msg: 'did you mean server?' },
    { level: 50, problems: 2, msg: 'the new configuration has problems; the old one stays in force' },
  ])
})

t.test('any other error is logged unchanged', async (t) => {
  const { lines, logger } = startLog()
  const readText = () => Promise.reject(new Error('the disk is on fire'))
  t.match(await readAnew({ files: ['a.yaml'], env: {}, readText }, logger), {
    refusal: { summary: /the disk is on fire/, places: { length: 0 } },
  })
  t.match(lines, [{ level: 50, err: { message: 'the disk is on fire' }, msg: 'the old one stays in force' }])
})

t.test("changing the admin listener's address, or one process to several, needs a restart", async (t) => {
  const { config: started } = await load(t, { 'a.yaml': least })
  t.same(needsRestart(started, started), [])
  const { config: read } = await load(t, {
    'a.yaml': least,
    'b.yaml': `
server: { admin: { host: 0.0.0.0, port: 9000 }, workers: 3, prefix: /.gate, listen: { port: 1 }, maxRequests: 5 }
session: { store: redis, redis: { url: redis://localhost } }
assertion: { keys: { store: redis }, lifetime: 2m }
machines: { keys: { store: redis } }
audit: { keys: { store: redis } }
log: { level: debug }
`,
  })
  t.same(needsRestart(started, read), [
    { option: 'server.admin.host', inForce: '127.0.0.1', found: '0.0.0.0' },
    { option: 'server.admin.port', inForce: 9464, found: 9000 },
    { option: 'server.workers', inForce: 1, found: 3 },
  ])
  const severally = { ...read, server: { ...read.server, workers: 1 } }
  t.same(needsRestart(read, severally), [], 'workers can become fewer and more')
  const automatic = { ...read, server: { ...read.server, workers: 'auto' as const } }
  const expected = availableParallelism() === 1 ? [{ option: 'server.workers', inForce: 'auto', found: 3 }] : []
  t.same(needsRestart(automatic, read), expected, 'on one core `auto` is a process by itself, too')
  const { lines, logger } = startLog()
  logWaiting(started, read, logger)
  t.equal(lines.length, 3)
  t.match(lines[1], { level: 40, option: 'server.admin.port', inForce: 9464, found: 9000, msg: /needs a restart/ })
})

t.test('the same port on another host needs a restart; another port or a socket does not', async (t) => {
  const listening = async (listen: string) =>
    (await load(t, { 'a.yaml': least, 'b.yaml': `server: { listen: ${listen} }\nlog: { level: debug }` })).config
  const started = await listening('{ host: 127.0.0.1, port: 8080 }')
  const other = await listening('{ host: 0.0.0.0, port: 8080 }')
  t.same(needsRestart(started, other), [{ option: 'server.listen.host', inForce: '127.0.0.1', found: '0.0.0.0' }])
  t.same(withoutTakenHost(started, other), { ...other, server: { ...other.server, listen: started.server.listen } })
  for (const text of ['{ host: 127.0.0.1, port: 8080 }', '{ host: 0.0.0.0, port: 8081 }', '{ path: /run/a.sock }']) {
    const read = await listening(text)
    t.same(needsRestart(started, read), [], text)
    t.equal(withoutTakenHost(started, read), read, text)
  }
})
