import { once } from 'node:events'
import { connect } from 'node:tls'

import t, { type Test } from 'tap'

import { encodeField, endHeaders, endStream, frame, frameTypes, preface } from '../drills/desync/http2-frames.ts'
import { ask, connectHttp2, startTlsGateway } from '../listener/support.ts'

const head = Buffer.concat(
  Object.entries({ ':method': 'GET', ':scheme': 'https', ':authority': 'localhost', ':path': '/public/x' }).map(
    encodeField,
  ),
)

/** Writes to a connection until the gateway closes it. @returns how many writes succeeded before */
async function flood(
  t: Test,
  port: number,
  first: Buffer,
  next: (count: number) => Buffer,
  most: number,
): Promise<number> {
  const socket = connect({ port, host: 'localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined).resume()
  await once(socket, 'secureConnect')
  socket.write(Buffer.concat([preface, first]))
  let count = 0
  while (socket.writable && count < most) {
    if (!socket.write(next(count))) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    count += 1
    if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return count
}

t.test(
  'endless opening and resetting of streams closes only that connection (CVE-2023-44487, CVE-2021-39204)',
  async (t) => {
    const gateway = await startTlsGateway(t)
    const opened = await flood(
      t,
      gateway.port,
      Buffer.alloc(0),
      (count) => {
        const stream = 2 * count + 1
        const reset = frame(frameTypes.reset, 0, stream, Buffer.of(0, 0, 0, 8))
        return Buffer.concat([frame(frameTypes.headers, endHeaders | endStream, stream, head), reset])
      },
      50_000,
    )
    t.ok(opened < 50_000, `${opened} streams`)
    t.equal((await ask(connectHttp2(t, gateway), { ':path': '/public/y' })).headers[':status'], 200)
  },
)

t.test('an endless head in pieces closes only that connection (GHSA-7f4j-64p6-5h5v)', async (t) => {
  const gateway = await startTlsGateway(t)
  const piece = Buffer.concat(Array.from({ length: 40 }, (_, i) => encodeField([`x-${i}`, 'a'.repeat(100)])))
  const first = frame(frameTypes.headers, endStream, 1, head)
  const sent = await flood(t, gateway.port, first, () => frame(frameTypes.continuation, 0, 1, piece), 50_000)
  t.ok(sent < 50_000, `${sent} pieces`)
  t.equal((await ask(connectHttp2(t, gateway), { ':path': '/public/y' })).headers[':status'], 200)
})
