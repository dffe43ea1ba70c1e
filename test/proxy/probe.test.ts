import t from 'tap'

import type { ConnectionPool } from '../../src/proxy/http1/connection-pool.ts'
import { startProbing } from '../../src/proxy/probe.ts'

type Dispatch = ConnectionPool['dispatch']

const answerTo = (status: number): Dispatch => {
  return (_request, receiver) => {
    const head = { statusText: '', headers: [], connection: undefined, keepAlive: undefined }
    receiver.onHead({ ...head, status, contentLength: 0, isChunked: false, isPersistent: true }, false)
    receiver.onEnd()
  }
}

/** The result of the first probe. */
const firstResult = (dispatch: Dispatch, url = 'http://127.0.0.1:7007'): Promise<Error | undefined> =>
  new Promise((resolve) => {
    const stop = startProbing({
      connections: { dispatch },
      url,
      path: '/health',
      everyMs: 60_000,
      timeoutMs: 60_000,
      onResult(cause) {
        stop()
        resolve(cause)
      },
    })
  })

t.test('a probe succeeds when the address answers 2xx', async (t) => {
  t.equal(await firstResult(answerTo(204)), undefined)
  t.match(await firstResult(answerTo(302)), { message: 'the probe was answered with 302' })
  t.match(await firstResult((_request, receiver) => receiver.onFailure(new Error('gone'))), { message: 'gone' })
})

t.test('a probe sends the address as Host, and localhost for a Unix socket', async (t) => {
  for (const [url, host] of [
    ['http://10.0.0.1:7007', '10.0.0.1:7007'],
    ['https://backstage.internal', 'backstage.internal'],
    ['unix:/run/backstage.sock', 'localhost'],
  ] as const) {
    const asked: unknown[] = []
    const dispatch: Dispatch = (request, receiver) => {
      asked.push(request.method, request.path, request.headers)
      answerTo(200)(request, receiver)
    }
    await firstResult(dispatch, url)
    t.same(asked, ['GET', '/health', ['Host', host]])
  }
})

t.test('an answer after the probes have stopped is ignored', async (t) => {
  const answer = Promise.withResolvers<() => void>()
  const dispatch: Dispatch = (request, receiver) => answer.resolve(() => answerTo(200)(request, receiver))
  const options = { connections: { dispatch }, url: 'http://127.0.0.1:7007', path: '/', everyMs: 1, timeoutMs: 60_000 }
  const stop = startProbing({ ...options, onResult: () => t.fail('it was stopped') })
  const give = await answer.promise
  stop()
  give()
  await new Promise(setImmediate)
  t.pass()
})
