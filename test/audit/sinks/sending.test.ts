import fs from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { mock } from 'node:test'

import t from 'tap'
import type { Test } from 'tap'

import { HttpSink } from '../../../src/audit/sinks/http.ts'
import { reasonOf } from '../../../src/audit/sinks/sink.ts'
import { Spool, type SpoolOptions } from '../../../src/audit/sinks/spool.ts'
import { createStdoutSink } from '../../../src/audit/sinks/stdout.ts'
import { until } from '../../support/until.ts'
import { temporaryFolder } from '../support.ts'

async function startReceiver(t: Test) {
  const received: { body: string; headers: IncomingHttpHeaders }[] = []
  const state = { status: 200 }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      received.push({ body, headers: request.headers })
      response.writeHead(state.status).end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, received, state }
}

const spoolIn = (folder: string, options: Partial<SpoolOptions> = {}) =>
  new Spool({ folder, writer: 'w', maxBytes: 1_000_000, maxLines: 2, ...options })

const startSink = (t: Test, url: string, spool: Spool, timeoutMs = 2_000) => {
  const headers = { authorization: 'Bearer t' }
  const sink = new HttpSink({ url, headers, onFailure: 'block', spool, gatherMs: 1, timeoutMs, fetch })
  t.teardown(() => sink.close())
  return sink
}

t.test('records are sent in batches of JSON lines, in order, and then leave the queue', async (t) => {
  const { url, received } = await startReceiver(t)
  const folder = await temporaryFolder(t)
  const sink = startSink(t, url, spoolIn(folder))
  sink.take(['1', '2'])
  sink.take(['3'])
  await sink.settled()
  await until(() => sink.status().waiting === 0)
  t.same(
    received.map(({ body }) => body),
    ['1\n2\n', '3\n'],
  )
  t.match(received[0]?.headers, { authorization: 'Bearer t', 'content-type': 'application/x-ndjson' })
  await sink.close()
  t.same(await readdir(folder), [], 'an empty queue leaves nothing behind')
})

t.test(
  'a receiver that refuses gets the same batch again until it accepts, and waiting records are on disk',
  async (t) => {
    const { url, received, state } = await startReceiver(t)
    const folder = await temporaryFolder(t)
    const sink = startSink(t, url, spoolIn(folder))
    state.status = 500
    sink.take(['1'])
    await until(() => received.length >= 2)
    t.match(sink.status(), { reason: 'the receiver answers 500', waiting: 1 })
    await sink.settled()
    state.status = 204
    await until(() => sink.status().waiting === 0)
    t.same(new Set(received.map(({ body }) => body)), new Set(['1\n']))
    t.equal(sink.status().reason, undefined)
  },
)

t.test(
  'records that were not sent before the end are sent after the next start, even by another process',
  async (t) => {
    const { url, received, state } = await startReceiver(t)
    const folder = await temporaryFolder(t)
    state.status = 503
    const first = startSink(t, url, spoolIn(folder))
    first.take(['1'])
    await first.close()
    const left = join(folder, 'killed.999999999')
    await mkdir(left)
    await writeFile(join(left, '0-killed.jsonl'), '2\n3-not-finis')
    await writeFile(join(left, '1-killed.jsonl'), 'nothing-finished')
    const running = join(folder, 'running.1')
    await mkdir(running)
    await writeFile(join(running, '0.jsonl'), 'of another process\n')
    state.status = 200
    const second = startSink(t, url, spoolIn(folder, { writer: 'v' }))
    await until(() => second.status().waiting === 0)
    t.same(new Set(received.map(({ body }) => body)), new Set(['1\n', '2\n']))
    t.same(await readdir(running), ['0.jsonl'])
  },
)

t.test('closing sends the waiting records first', async (t) => {
  const { url, received } = await startReceiver(t)
  const sink = startSink(t, url, spoolIn(await temporaryFolder(t)))
  sink.take(['1', '2'])
  sink.take(['3'])
  await sink.close()
  t.same(
    received.map(({ body }) => body),
    ['1\n2\n', '3\n'],
  )
})

t.test('two processes that start at the same time use different folders', async (t) => {
  const folder = await temporaryFolder(t)
  const starting = `starting.${process.ppid}`
  await mkdir(join(folder, starting))
  const spool = spoolIn(folder)
  t.ok((await readdir(folder)).includes(starting))
  spool.close()
})

t.test(
  'a receiver that does not answer delays closing by at most two seconds, and its batch stays queued',
  async (t) => {
    const asked = Promise.withResolvers<void>()
    const server = createServer(() => asked.resolve())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close().closeAllConnections())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const folder = await temporaryFolder(t)
    const sink = startSink(t, url, spoolIn(folder), 60_000)
    sink.take(['1'])
    await asked.promise
    const before = performance.now()
    await sink.close()
    t.ok(performance.now() - before < 30_000)
    t.equal(sink.status().waiting, 1)
  },
)

t.test(
  'a sink is named after its receiver; a new receiver gets the next records, with its own failure policy',
  async (t) => {
    const [first, second] = [await startReceiver(t), await startReceiver(t)]
    const sink = startSink(t, first.url, spoolIn(await temporaryFolder(t)))
    t.same([sink.name, sink.onFailure], [`http ${new URL(first.url).host}`, 'block'])
    sink.take(['1'])
    await until(() => sink.status().waiting === 0)
    sink.use({ url: second.url, headers: {}, onFailure: 'continue', gatherMs: 1, timeoutMs: 2_000, fetch })
    t.same([sink.name, sink.onFailure], [`http ${new URL(second.url).host}`, 'continue'])
    sink.take(['2'])
    await until(() => sink.status().waiting === 0)
    t.same(
      [first, second].map(({ received }) => received.map(({ body }) => body)),
      [['1\n'], ['2\n']],
    )
  },
)

t.test('a full queue is a failure, and records that arrive meanwhile are counted as lost', async (t) => {
  const { url, state } = await startReceiver(t)
  state.status = 500
  const sink = startSink(t, url, spoolIn(await temporaryFolder(t), { maxBytes: 10 }))
  sink.take(['12345678'])
  sink.take(['12345678'])
  t.match(sink.status(), { reason: 'the queue on disk is full', waiting: 1, lost: 1 })
  await t.rejects(sink.settled(), /queue on disk is full/)
})

t.test('a queue whose files could not be created recovers once they can', async (t) => {
  const { url, received } = await startReceiver(t)
  const folder = await temporaryFolder(t)
  const sink = startSink(t, url, spoolIn(folder))
  const own = join(folder, `w.${process.pid}`)
  await rm(own, { recursive: true })
  await writeFile(own, 'no folder')
  sink.take(['1'])
  t.match(sink.status(), { reason: /EEXIST|ENOTDIR/, waiting: 0, lost: 1 })
  await rm(own)
  sink.take(['2'])
  await until(() => received.length > 0)
  t.match(received, [{ body: '2\n' }])
  await until(() => sink.status().waiting === 0)
  t.equal(sink.status().reason, undefined)
})

t.test('records removed from the queue on disk are counted as lost, and later ones are sent', async (t) => {
  const { url, received, state } = await startReceiver(t)
  state.status = 500
  const folder = await temporaryFolder(t)
  const sink = startSink(t, url, spoolIn(folder))
  sink.take(['1', '2'])
  sink.take(['3'])
  await until(() => received.length > 0)
  await rm(join(folder, `w.${process.pid}`), { recursive: true })
  state.status = 200
  await until(() => sink.status().waiting === 0)
  sink.take(['4'])
  await until(() => received.at(-1)?.body === '4\n')
  await until(() => sink.status().waiting === 0)
  t.same(sink.status(), { reason: undefined, waiting: 0, lost: 3 })
})

t.test('an empty queue on a disk that became read-only closes in order', async (t) => {
  const { url } = await startReceiver(t)
  const folder = await temporaryFolder(t)
  const sink = startSink(t, url, spoolIn(folder))
  const remove = mock.method(fs, 'rmSync', () => {
    throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
  })
  syncBuiltinESMExports()
  t.teardown(() => {
    remove.mock.restore()
    syncBuiltinESMExports()
  })
  await sink.close()
  t.equal(remove.mock.callCount(), 1)
})

t.test('an error is reported with its cause', async (t) => {
  t.equal(reasonOf(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })), 'fetch failed: ECONNREFUSED')
  t.equal(reasonOf(new Error('x')), 'x')
  t.equal(reasonOf('x'), 'x')
})

t.test(
  'standard output that blocks is reported and counted, and is healthy again once it accepts records',
  async (t) => {
    let isClosed = true
    const sink = createStdoutSink({
      write() {
        if (isClosed) throw new Error('write EPIPE')
      },
    })
    sink.take(['{"time":"2026-01-01T00:00:00.000Z"}', '{"time":"2026-01-01T00:00:00.000Z"}'])
    t.same(sink.status(), { reason: 'write EPIPE', waiting: 0, lost: 2 })
    isClosed = false
    sink.take(['{"time":"2026-01-01T00:00:00.000Z"}'])
    t.same(sink.status(), { reason: undefined, waiting: 0, lost: 2 })
  },
)

t.test('records that standard output dropped are counted, and dropped log lines are not', async (t) => {
  let failure: string | undefined = 'ENOSPC: no space left on device'
  let lose: (lines: string) => void = () => undefined
  const lines: string[] = []
  const sink = createStdoutSink({
    write: (line) => void lines.push(line),
    failure: () => failure,
    onLost: (listener) => void (lose = listener),
  })
  sink.take(['{"time":"2026-01-01T00:00:00.000Z"}', '{"time":"2026-01-01T00:00:01.000Z"}'])
  lose(`${lines[0]}{"level":"info","time":"x","path":"/\\"audit\\":"}\n${lines[1]}`)
  t.same(sink.status(), { reason: 'ENOSPC: no space left on device', waiting: 0, lost: 2 })
  lose('{"level":"info","time":"x","msg":"request"}\n')
  failure = undefined
  t.same(sink.status(), { reason: undefined, waiting: 0, lost: 2 })
})

t.test('on standard output a record has the form of a log line, with its own time', async (t) => {
  let text = ''
  const sink = createStdoutSink({ write: (line) => void (text += line) })
  const record = { path: '/"time":"x', time: '1970-01-01T00:00:00.000Z', writer: 'w' }
  sink.take([JSON.stringify(record)])
  await sink.settled()
  t.same(JSON.parse(text), { level: 'info', time: record.time, audit: record, msg: 'audit' })
  t.match(text, /^[^\n]+\n$/)
  t.same(sink.status(), { waiting: 0, lost: 0 })
  await sink.close()
})
