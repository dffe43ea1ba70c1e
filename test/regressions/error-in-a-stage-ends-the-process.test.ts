import { connect } from 'node:net'

import t, { type Test } from 'tap'
import { request } from 'undici'

import { createFaults, type FaultKind } from '../support/faults.ts'
import { machinesIn, machineToken } from '../support/machine.ts'
import { type Stack, type StackOptions, startStack } from '../support/stack.ts'

/** pino's number for the level error. */
const warnLevel = 40

/** Longer than any answer takes. A client without an answer by then never gets one. */
const patienceMs = 20_000

type Asked = { stack: Stack; cookie: string; token: string }
type Step = (asked: Asked) => Promise<unknown>

const send =
  (path: string, more: (asked: Asked) => Record<string, string> = () => ({}), body?: string): Step =>
  async (asked) => {
    const headers = more(asked)
    const method = body === undefined ? 'GET' : 'POST'
    const signal = AbortSignal.timeout(patienceMs)
    const options = { method, headers, body: body ?? null, signal } as const
    const answer = await request(asked.stack.directUrl + path, options).catch(broken)
    if (answer === undefined) return undefined
    await answer.body.text().catch(broken)
    return answer.statusCode
  }

/** An answer may break off, but it must not be missing. */
function broken(error: Error): undefined {
  if (error.name === 'TimeoutError') throw error
}

const withSession = ({ cookie }: Asked) => ({ cookie })
const asPage = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const steps: Record<string, Step> = {
  'a public page': send('/public/a'),
  'a page for who is signed in': send('/a', withSession),
  'a form': send('/a', withSession, 'x'.repeat(100_000)),
  'an event stream': send('/a', (asked) => ({ ...withSession(asked), accept: 'text/event-stream' })),
  'a page without a session': send('/a', () => asPage),
  'a call without a session': send('/a'),
  'a machine': send('/a', ({ token }) => ({ authorization: `Bearer ${token}` })),
  'a refused token': send('/a', ({ stack }) => ({ authorization: `Bearer ${machineToken(stack.auth0, { exp: 1 })}` })),
  'a question of a proxy': send('/.stagedoor/auth', (asked) => ({
    ...withSession(asked),
    'x-original-uri': '/a',
    'x-original-method': 'GET',
  })),
  'an upgrade': upgrade,
  'an account': send('/.stagedoor/me', withSession),
  keys: send('/.stagedoor/jwks.json'),
  'a probe': send('/.stagedoor/health/ready'),
  'an explanation': send('/.stagedoor/admin/policy?method=GET&path=/a', withSession),
  'a sign-in': async ({ stack }) => (await stack.signIn().catch(broken))?.page.status,
  'a callback': send('/.stagedoor/callback?state=a&code=b', () => asPage),
  'a logout token': send('/.stagedoor/backchannel-logout', () => form, 'logout_token=a.b.c'),
  'an event of Auth0': send('/.stagedoor/events', () => ({ authorization: 'Bearer x' }), '{}'),
  'a sign-out': send(
    '/.stagedoor/logout',
    (asked) => ({
      ...withSession(asked),
      ...form,
      origin: asked.stack.url,
      'sec-fetch-site': 'same-origin',
    }),
    'everywhere=false',
  ),
}

/** A WebSocket handshake whose client disconnects at the first bytes of the answer. */
function upgrade({ stack, cookie }: Asked): Promise<unknown> {
  const head = `GET /a HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
  const { port } = new URL(stack.directUrl)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(head))
    socket.setTimeout(patienceMs, () => reject(new Error('an upgrade is not answered')))
    socket.once('data', () => socket.end('bye'))
    socket.on('error', resolve).on('close', resolve)
  })
}

/** Records errors that no handler caught: each would end the process, or is caught only by its last handler. */
function watchProcess(t: Test): { escaped: string[] } {
  const seen = { escaped: [] as string[] }
  const onEscape = (error: unknown): void =>
    void seen.escaped.push(error instanceof Error ? String(error.stack) : String(error))
  process.on('uncaughtException', onEscape).on('unhandledRejection', onEscape)
  t.teardown(() => process.off('uncaughtException', onEscape).off('unhandledRejection', onEscape))
  return seen
}

async function start(t: Test, options: StackOptions = {}): Promise<Asked> {
  const stack = await startStack(t, {
    ...options,
    config: { machines: machinesIn, server: { trustedProxies: ['127.0.0.1/32'] }, admin: { allow: { kind: 'user' } } },
    upstream: (request, response) => {
      if (request.headers.accept === 'text/event-stream') response.setHeader('content-type', 'text/event-stream')
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      request.resume().on('end', () => response.end('hello'.repeat(20_000)))
    },
  })
  const { browser } = await stack.signIn()
  const cookie = [...browser.cookiesOf(stack.url)].map(([name, value]) => `${name}=${value}`).join('; ')
  return { stack, cookie, token: machineToken(stack.auth0) }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
}

t.test(
  'an error in any stage, hook or callback ends one request, and the others are answered',
  { timeout: 600_000 },
  async (t) => {
    const faults = createFaults()
    const asked = await start(t, { faults })
    const process = watchProcess(t)
    let injected = 0
    let faulted = 0

    async function inject(name: string, step: Step, path: string, kind: FaultKind): Promise<void> {
      const firstLine = asked.stack.logged.length
      faults.fail(path, kind)
      const [ended] = await Promise.allSettled([step(asked)])
      await settle()
      faults.fail()
      injected += 1
      const what = `${name}: ${path} ${kind}`
      if (ended.status === 'rejected') t.fail(`${what}: ${ended.reason}`)
      if (process.escaped.length > 0) t.fail(`${what}: ${process.escaped.splice(0).join('\n')}`)
      const status = ended.status === 'fulfilled' ? Number(ended.value) : NaN
      if (status >= 500) {
        faulted += 1
        const lines = asked.stack.logged.slice(firstLine)
        if (!lines.some(({ level, err }) => Number(level) >= warnLevel && err !== undefined))
          t.fail(`${what}: ${status}, and no log line says why`)
      }
      const after = await steps['a public page']?.(asked)
      if (after !== 200) t.fail(`${what}: another request then gets ${String(after)}`)
    }

    for (const [name, step] of Object.entries(steps)) {
      faults.called()
      await step(asked)
      await settle()
      for (const [path, kinds] of faults.called()) {
        // Timers that no request has started read the clock, too.
        if (path !== 'dependencies.now') for (const kind of kinds) await inject(name, step, path, kind)
      }
    }
    t.ok(injected > 100, `${injected} faults were injected`)
    t.ok(faulted > 30, `${faulted} of them ended in a 5xx with a line in the log`)
  },
)

/** Methods of a response that stages and stream handlers call. The first call fails. */
const responseMethods = [
  'writeHead',
  'write',
  'end',
  'setHeader',
  'getHeaders',
  'flushHeaders',
  'writeEarlyHints',
] as const

t.test(
  'an error while an answer is written ends one request, and the others are answered',
  { timeout: 600_000 },
  async (t) => {
    let failing: (typeof responseMethods)[number] | undefined
    const routing: NonNullable<StackOptions['routing']> = (app) => (request, response) => {
      const method = failing
      if (method !== undefined) {
        response[method] = () => {
          Reflect.deleteProperty(response, method)
          throw new Error(`injected into ${method}`)
        }
      }
      app.routing(request, response)
    }
    const asked = await start(t, { routing })
    const process = watchProcess(t)
    for (const method of responseMethods) {
      for (const [name, step] of Object.entries(steps)) {
        failing = method
        const [ended] = await Promise.allSettled([step(asked)])
        await settle()
        failing = undefined
        const what = `${name}: ${method}`
        if (ended.status === 'rejected') t.fail(`${what}: ${ended.reason}`)
        if (process.escaped.length > 0) t.fail(`${what}: ${process.escaped.splice(0).join('\n')}`)
        t.equal(await steps['a public page']?.(asked), 200, `${what}: another request is answered`)
      }
    }
  },
)
