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

/** What the first probe came to. */
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

t.test('well is who answers 2xx', async (t) => {
  t.equal(await firstResult(answerTo(204)), undefined)
  t.match(await firstResult(answerTo(302)), { message: 'the probe was answered with 302' })
  t.match(await firstResult((_request, receiver) => receiver.onFailure(new Error('gone'))), { message: 'gone' })
})

t.test('a probe names the address as Host, and a socket, which has no name, localhost', async (t) => {
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

t.test('what comes after the probes were stopped is of no interest', async (t) => {
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
