import { connect } from 'node:net'

import * as fc from 'fast-check'
import t from 'tap'

import { machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'
import { fuzzParameters, inheritedNames, nastyJson, nastyText } from './support.ts'

const routes = [
  { name: 'secret', path: '/open/secret/**', allow: { roles: ['nobody-has-this'] } },
  { name: 'open', path: '/open/**', allow: 'public', paths: 'as-is' },
  { name: 'rest', path: '/**', allow: 'authenticated' },
]

const names = fc.constantFrom(
  'Host',
  'Cookie',
  'Authorization',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'Forwarded',
  'X-Original-URI',
  'X-Original-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Method',
  'Connection',
  'Upgrade',
  'Origin',
  'Accept',
  'Sec-Fetch-Mode',
  'traceparent',
  'Expect',
  'Content-Type',
  ...inheritedNames,
)
/** Spellings of a path below a guarded one. */
const separators = fc.constantFrom(
  '/',
  '//',
  '%2F',
  '%2f/',
  '%5C',
  '%252F',
  '/;/',
  ';a=b/',
  '/../open/',
  '/./',
  '/%2e/',
)
const segments = fc.constantFrom('secret', 'secret', 'SECRET', '%73ecret', '%2573ecret', 'x', '..', 'open')
const around = fc
  .array(fc.tuple(separators, segments), { minLength: 1, maxLength: 3 })
  .map((parts) => `/open${parts.flat().join('')}`)

const paths = fc.oneof(
  { weight: 4, arbitrary: around },
  nastyText,
  nastyText.map((text) => `/open/${text}`),
  nastyText.map((text) => `/open${text}/secret/x`),
  fc
    .constantFrom(
      'login',
      'callback',
      'logout',
      'me',
      'auth',
      'auth/open/secret',
      'step-up',
      'signed-out',
      'jwks.json',
      'health/ready',
      '',
    )
    .chain((end) =>
      nastyText.map(
        (text) =>
          `/.stagedoor/${end}?return_to=${encodeURIComponent(text.toWellFormed())}&state=${encodeURIComponent(text.toWellFormed())}&${text}`,
      ),
    ),
)
const cookies = fc
  .tuple(fc.constantFrom('stagedoor', 'stagedoor.0', 'stagedoor-tx.a', ...inheritedNames), nastyText)
  .map(([name, value]) => `${name}=${value}`)
const requests = fc.record({
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS') },
    { weight: 1, arbitrary: nastyText },
  ),
  path: paths,
  headers: fc.array(fc.oneof(fc.tuple(names, nastyText), fc.tuple(fc.constant('Cookie'), cookies)), { maxLength: 5 }),
  tokens: fc.option(fc.record({ header: nastyJson, claims: nastyJson }), { freq: 4 }),
  body: nastyText,
})

/** Longer than an answer takes. An incomplete request ends then. */
const patienceMs = 3_000

/** Writes bytes on a new connection. @returns the status of the first answer, if one arrived before the close */
function statusOf(port: number, bytes: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(patienceMs, () => socket.end())
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (/^HTTP\/1\.1 [2-5].*\r\n\r\n/s.test(answer)) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]) || undefined))
  })
}

t.test(
  'for any client input, the gateway answers others, never with 5xx, and upstreams see only allowed requests',
  { timeout: 3_600_000 },
  async (t) => {
    const stack = await startStack(t, {
      config: {
        routes,
        machines: machinesIn,
        server: { trustedProxies: ['127.0.0.1/32'], failedAttempts: { max: 1_000_000 } },
      },
    })
    const port = Number(new URL(stack.directUrl).port)
    const escaped: unknown[] = []
    const onEscape = (error: unknown): void => void escaped.push(error)
    process.on('uncaughtException', onEscape).on('unhandledRejection', onEscape)
    t.teardown(() => process.off('uncaughtException', onEscape).off('unhandledRejection', onEscape))

    await fc.assert(
      fc.asyncProperty(requests, async ({ method, path, headers, tokens, body }) => {
        const list = headers.map(([name, value]) => `${name}: ${value}`)
        if (!headers.some(([name]) => name === 'Host')) list.push('Host: localhost')
        if (tokens !== null)
          list.push(
            `Authorization: Bearer ${machineToken(stack.auth0, asObject(tokens.claims), asObject(tokens.header))}`,
          )
        const head = `${method} ${path} HTTP/1.1\r\n${list.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
        stack.origin.seen.length = 0
        const status = await statusOf(port, Buffer.from(head + body))
        if (status !== undefined && status >= 500) throw new Error(`${status} for a client’s mistake`)
        if (escaped.length > 0) throw new Error('it escaped from the request', { cause: escaped.pop() })
        for (const { url = '' } of stack.origin.seen)
          if (!isAllowed(url, tokens !== null)) throw new Error(`the upstream saw ${url}`)
        if (
          (await statusOf(
            port,
            Buffer.from('GET /open/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
          )) !== 200
        ) {
          throw new Error('another request is not answered')
        }
      }),
      fuzzParameters,
    )
  },
)

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { constructor: value }
}

/** The path as a server reads it that decodes, drops and joins as much as possible. */
function isAllowed(url: string, hasToken: boolean): boolean {
  const [path = ''] = url.split('?')
  let reading = path
  for (let layer = 0; layer < 5; layer += 1) reading = reading.replaceAll(/%(?:25|2[ef]|3b|5c)/gi, decodeURIComponent)
  const plain = new URL(
    reading
      .replaceAll('\\', '/')
      .replaceAll(/;[^/]*/g, '')
      .replaceAll(/\/{2,}/g, '/'),
    'http://a',
  ).pathname.toLowerCase()
  if (/^\/open\/secret(?:\/|$)/.test(plain)) return false
  return hasToken || /^\/open(?:\/|$)/.test(plain)
}
