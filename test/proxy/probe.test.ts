import t from 'tap'

import { startProbing } from '../../src/proxy/own-requests.ts'
import type { Transport } from '../../src/proxy/transport.ts'

type GetStatus = Transport['getStatus']

/** What the first probe came to. */
const firstResult = (getStatus: GetStatus, url = 'http://127.0.0.1:7007'): Promise<Error | undefined> =>
  new Promise((resolve) => {
    const stop = startProbing({
      transport: { getStatus },
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
  t.equal(await firstResult(async () => 204), undefined)
  t.match(await firstResult(async () => 302), { message: 'the probe was answered with 302' })
  t.match(await firstResult(() => Promise.reject(new Error('gone'))), { message: 'gone' })
})

t.test('a probe names the address as Host, and a socket, which has no name, localhost', async (t) => {
  for (const [url, host] of [
    ['http://10.0.0.1:7007', '10.0.0.1:7007'],
    ['https://backstage.internal', 'backstage.internal'],
    ['unix:/run/backstage.sock', 'localhost'],
  ] as const) {
    const asked: unknown[] = []
    const getStatus: GetStatus = async (request) => {
      asked.push(request.path, request.headers)
      return 200
    }
    await firstResult(getStatus, url)
    t.same(asked, ['/health', ['Host', host]])
  }
})

t.test('what comes after the probes were stopped is of no interest', async (t) => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<number>()
  const getStatus: GetStatus = () => {
    asked.resolve()
    return answer.promise
  }
  const options = { transport: { getStatus }, url: 'http://127.0.0.1:7007', path: '/', everyMs: 1, timeoutMs: 60_000 }
  const stop = startProbing({ ...options, onResult: () => t.fail('it was stopped') })
  await asked.promise
  stop()
  answer.resolve(200)
  await new Promise(setImmediate)
  t.pass()
})
