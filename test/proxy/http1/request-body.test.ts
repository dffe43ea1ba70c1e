import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

import t, { type Test } from 'tap'

import { type BodySender, sendBody } from '../../../src/proxy/http1/request-body.ts'
import { until } from '../../support/until.ts'
import { holdTime } from './support.ts'

type Sent = {
  body: PassThrough
  socket: Writable
  sender: BodySender
  failures: unknown[]
  progress: () => number
  /** All bytes that reached the socket. */
  written: () => string
  /** Drains the socket. Until then it is full. */
  takeAll: () => void
}

function startSending(t: Test, length: number, isSlow = false): Sent {
  const body = new PassThrough({ highWaterMark: 1_000_000 })
  let written = ''
  const failures: unknown[] = []
  let progress = 0
  let takesAll = !isSlow
  let taken = (): void => {}
  const socket = new Writable({
    write(bytes, _encoding, done) {
      written += String(bytes)
      if (takesAll) done()
      else taken = done
    },
  })
  const sender = sendBody({
    body,
    length,
    socket,
    timeoutMs: 60_000,
    onProgress: () => (progress += 1),
    onFailure: (error) => failures.push('code' in error ? error.code : error),
  })
  t.teardown(() => body.destroy())
  return {
    body,
    socket,
    sender,
    failures,
    progress: () => progress,
    written: () => written,
    takeAll() {
      takesAll = true
      taken()
    },
  }
}

t.test('a body of announced length is sent unchanged', async (t) => {
  const { body, sender, written, failures, progress } = startSending(t, 11)
  body.write('hello ')
  t.equal(sender.isDone, false)
  body.end('world')
  await once(body, 'end')
  t.same([written(), sender.isDone, failures, progress()], ['hello world', true, [], 3])
})

t.test('an empty body is complete at its end', async (t) => {
  for (const [length, expected] of [
    [0, ''],
    [-1, '0\r\n\r\n'],
  ] as const) {
    const { body, sender, written, failures } = startSending(t, length)
    body.end()
    await once(body, 'end')
    t.same([written(), sender.isDone, failures], [expected, true, []])
  }
})

t.test('a body of unknown length is sent in chunks', async (t) => {
  const { body, sender, written, failures } = startSending(t, -1)
  body.write('hello')
  body.write('x'.repeat(300))
  body.end('\r\n')
  await once(body, 'end')
  t.equal(written(), `5\r\nhello\r\n12c\r\n${'x'.repeat(300)}\r\n2\r\n\r\n\r\n0\r\n\r\n`)
  t.same([sender.isDone, failures], [true, []])
})

for (const [what, length, expected] of [
  ['longer than promised', 4, 'abc'],
  ['longer than nothing', 0, ''],
  ['shorter than promised', 7, 'abcdef'],
] as const) {
  t.test(`a body ${what} fails, and no surplus byte is sent`, async (t) => {
    const { body, sender, written, failures } = startSending(t, length)
    body.write('abc')
    await nextTurn()
    body.end('def')
    await nextTurn()
    t.same([written(), sender.isDone, failures], [expected, false, ['UPSTREAM_BODY_MISMATCH']])
  })
}

for (const length of [-1, 100]) {
  t.test(`a body that breaks off fails once and is never completed (length ${length})`, async (t) => {
    for (const error of [undefined, new Error('gone')]) {
      const { body, sender, written, failures } = startSending(t, length)
      body.write('part')
      await nextTurn()
      const closed = once(body, 'close').catch(() => {})
      body.destroy(error)
      await closed
      await nextTurn()
      t.same([sender.isDone, failures], [false, ['UPSTREAM_BODY_MISMATCH']])
      t.equal(written(), length === -1 ? '4\r\npart\r\n' : 'part')
    }
  })
}

for (const length of [-1, 300_000]) {
  t.test(`a full socket pauses the body until it drains (length ${length})`, async (t) => {
    const { body, sender, failures, written, takeAll } = startSending(t, length, true)
    const part = Buffer.alloc(100_000, 'x')
    body.write(part)
    await until(() => body.isPaused())
    body.write(part)
    body.end(part)
    await nextTurn()
    t.ok(written().length <= 100_000, 'no more than was under way')
    takeAll()
    await once(body, 'end')
    await nextTurn()
    t.equal(written().replaceAll(/[^x]/g, '').length, 300_000)
    t.same([sender.isDone, failures], [true, []])
  })
}

t.test('a stopped body is not read further, and its errors have no effect', async (t) => {
  const { body, socket, sender, written, failures } = startSending(t, -1)
  body.write('part')
  await nextTurn()
  sender.stop()
  sender.stop()
  body.write('more')
  const failed = once(body, 'close').catch(() => {})
  body.destroy(new Error('too late'))
  await failed
  t.equal(written(), '4\r\npart\r\n')
  t.same([sender.isDone, failures, socket.listenerCount('drain')], [false, [], 0])
})

t.test('an error after the end of a body has no effect', async (t) => {
  const { body, sender, failures } = startSending(t, 4)
  body.end('part')
  await once(body, 'end')
  body.emit('error', new Error('too late'))
  t.same([sender.isDone, failures], [true, []])
})

t.test('a failure of the body is reported even while the socket is full', async (t) => {
  const body = Readable.from(
    (function* () {
      yield Buffer.from('part')
      throw new Error('gone')
    })(),
  )
  const failure = Promise.withResolvers<Error>()
  sendBody({
    body,
    length: -1,
    socket: new PassThrough(),
    timeoutMs: 60_000,
    onProgress() {},
    onFailure: failure.resolve,
  })
  t.match(await failure.promise, { code: 'UPSTREAM_BODY_MISMATCH' })
})

t.test('an empty part does not end the body', async (t) => {
  let written = ''
  const socket = new Writable({ write: (bytes, _encoding, done) => done(void (written += String(bytes))) })
  const body = Readable.from([Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')])
  sendBody({
    body,
    length: -1,
    socket,
    timeoutMs: 60_000,
    onProgress() {},
    onFailure: (error) => t.fail(error.message),
  })
  await once(body, 'end')
  t.equal(written, '1\r\na\r\n1\r\nb\r\n0\r\n\r\n')
})

t.test('a body that broke off before sending fails', async (t) => {
  const body = new PassThrough()
  const closed = once(body, 'close')
  body.destroy()
  await closed
  const failures: string[] = []
  sendBody({
    body,
    length: 5,
    socket: new PassThrough(),
    timeoutMs: 60_000,
    onProgress() {},
    onFailure: (error) => failures.push('code' in error ? String(error.code) : error.name),
  })
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
  t.same(failures, ['UPSTREAM_BODY_MISMATCH'])
})

t.test('a body that arrives too slowly fails, even if bytes keep arriving', async (t) => {
  const time = holdTime(t)
  const { body, failures } = startSending(t, -1)
  body.write(Buffer.alloc(32_768))
  await nextTurn()
  time.pass(60_000)
  t.same(failures, [])
  for (const sent of ['', 'a', 'few', 'bytes']) {
    body.write(sent)
    await nextTurn()
    time.pass(14_999)
  }
  t.same(failures, [])
  time.pass(4)
  t.same(failures, ['UPSTREAM_BODY_TIMEOUT'])
})

t.test('time that a full upstream socket takes does not count against the client', async (t) => {
  const time = holdTime(t)
  const { body, failures, takeAll } = startSending(t, -1, true)
  body.write(Buffer.alloc(100_000))
  await until(() => body.isPaused())
  for (let times = 0; times < 3; times += 1) time.pass(60_000)
  t.same(failures, [])
  takeAll()
  await until(() => !body.isPaused())
  time.pass(60_000)
  t.same(failures, [], 'it was held up at the beginning of this time')
  time.pass(60_000)
  t.same(failures, ['UPSTREAM_BODY_TIMEOUT'])
})

t.test('a completed body is no longer watched', async (t) => {
  const time = holdTime(t)
  const { body, failures } = startSending(t, 2)
  body.end('ok')
  await once(body, 'end')
  time.pass(600_000)
  t.same(failures, [])
})
