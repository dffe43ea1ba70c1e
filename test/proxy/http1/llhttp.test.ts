import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'

import * as fc from 'fast-check'
import t, { type Test } from 'tap'

import { createConnectionPool } from '../../../src/proxy/http1/connection-pool.ts'
import { startRawOrigin } from '../support.ts'
import { send } from './support.ts'

/** An answer as a reader understood it; undefined if the reader refused it. */
type Reading = { status: number; headers: string[]; body: string; isWhole: boolean } | undefined

/** Two readers of the same bytes, which arrive in the given pieces. */
type Readers = {
  ours: (pieces: string[], method: string) => Promise<Reading>
  theirs: (pieces: string[], method: string) => Promise<Reading>
}

/** Writes each piece in its own turn of the event loop, so that it may be read alone, and then closes. */
function writePieces(socket: Socket, pieces: readonly string[]): void {
  const [next, ...others] = pieces
  if (next === undefined) return void socket.end()
  socket.write(next, 'latin1', () => setImmediate(() => writePieces(socket, others)))
}

async function startReaders(t: Test): Promise<Readers> {
  let pieces: string[] = []
  const origin = await startRawOrigin(t, (_head, socket) => writePieces(socket.setNoDelay(true), pieces))
  const port = Number(new URL(origin.url).port)
  return {
    async ours(given, method) {
      pieces = given
      const connections = createConnectionPool(origin.url, { connectTimeoutMs: 60_000, maxHeaderBytes: 65_536 })
      const recording = send(connections, { method })
      const outcome = await recording.outcome
      connections.close()
      if ('failure' in outcome) return undefined
      // llhttp stops reading after an interim answer that announces the end of the connection.
      if (recording.interim.some(({ isPersistent }) => !isPersistent)) return undefined
      return { ...outcome, headers: [...(recording.head?.headers ?? [])], isWhole: true }
    },
    async theirs(given, method) {
      pieces = given
      return readWithNode(port, method)
    },
  }
}

function readWithNode(port: number, method: string): Promise<Reading> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', method, agent: false, insecureHTTPParser: false })
    let answer: IncomingMessage | undefined
    let body = ''
    const settle = (): void => resolve(answer && readingOf(answer, body))
    // Ignore errors after a complete answer.
    asked.on('error', () => answer?.complete !== true && settle())
    asked.on('upgrade', (_answer, socket) => {
      socket.destroy()
      resolve(undefined)
    })
    asked.on('response', (response) => {
      answer = response
      response.on('data', (data: Buffer) => (body += data.toString('latin1')))
      response.on('error', settle)
      response.on('end', settle)
    })
    asked.end()
  })
}

const readingOf = ({ statusCode = 0, rawHeaders, complete }: IncomingMessage, body: string): Reading => ({
  status: statusCode,
  headers: rawHeaders.map((item, at) => (at % 2 === 0 ? item.toLowerCase() : item)),
  body,
  isWhole: complete,
})

const runs = 600

const methods = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST')
const text = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet.split('')), { maxLength }).map((letters) => letters.join(''))

const names = fc.constantFrom('x', 'X-Long-Name', 'set-cookie', 'Date', 'etag', "!#$%&'*+-.^_`|~", 'upgrade', 'trailer')
const values = fc.oneof(text('ab,;="\\ \t\x80\xa0\xe4\xff', 8), fc.constantFrom('', 'close', 'a: b', 'chunked'))
const fields = fc.array(fc.tuple(names, values), { maxLength: 4 })
const contents = text('a0\r\n:;\x00\xff ', 24)
const padding = fc.constantFrom('', ' ', '\t', ' \t ')

type Framing = 'length' | 'chunks' | 'end'
type Plan = {
  status: number
  reason: string
  fields: [string, string][]
  content: string
  framing: Framing
  gap: string
}

const plans: fc.Arbitrary<Plan> = fc.record({
  status: fc.constantFrom(200, 200, 200, 404, 204, 304, 205, 500, 599),
  reason: fc.constantFrom('', ' ', ' OK', ' Not \xe4 Found'),
  fields,
  content: contents,
  framing: fc.constantFrom<Framing>('length', 'chunks', 'end'),
  gap: padding,
})

const interim = fc.constantFrom('', '', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 'HTTP/1.1 100\r\n\r\n')

const hasNoContent = (status: number, method: string): boolean => method === 'HEAD' || status === 204 || status === 304

/** The content in chunks of up to `size` bytes, with extensions and trailers. */
function inChunks(content: string, size: number): string {
  let bytes = ''
  for (let at = 0; at < content.length; at += size) {
    const chunk = content.slice(at, at + size)
    bytes += `${chunk.length.toString(16)}${at === 0 ? ';a=b' : ''}\r\n${chunk}\r\n`
  }
  return `${bytes}0\r\n${size % 2 === 0 ? 'X-Trailer: 1\r\n' : ''}\r\n`
}

function framingLine({ framing, content, gap }: Plan): string {
  if (framing === 'length') return `Content-Length:${gap}${content.length}${gap}\r\n`
  // llhttp treats a tab after the coding as a part of it.
  return framing === 'chunks' ? `Transfer-Encoding:${gap}chunked${gap.replaceAll('\t', ' ')}\r\n` : ''
}

function bytesOf(plan: Plan, method: string, chunkSize: number): string {
  const lines = plan.fields.map(([name, value]) => `${name}:${plan.gap}${value}${plan.gap}\r\n`).join('')
  const head = `HTTP/1.1 ${plan.status}${plan.reason}\r\n${lines}${framingLine(plan)}\r\n`
  if (hasNoContent(plan.status, method)) return head
  return head + (plan.framing === 'chunks' ? inChunks(plan.content, chunkSize) : plan.content)
}

const withoutPadding = (value: string): string => value.replaceAll(/^[ \t]+|[ \t]+$/g, '')

function expectedReading(plan: Plan, method: string): Reading {
  const headers = plan.fields.flatMap(([name, value]) => [name.toLowerCase(), withoutPadding(value)])
  if (plan.framing === 'length') headers.push('content-length', String(plan.content.length))
  if (plan.framing === 'chunks') headers.push('transfer-encoding', 'chunked')
  return { status: plan.status, headers, body: hasNoContent(plan.status, method) ? '' : plan.content, isWhole: true }
}

/** Cuts text at positions given as fractions of its length. */
function cut(bytes: string, places: readonly number[]): string[] {
  const at = places.map((place) => Math.floor(place * bytes.length)).toSorted((a, b) => a - b)
  return [0, ...at].map((from, index) => bytes.slice(from, at[index])).filter((piece) => piece !== '')
}

/** A position in a text, as a fraction of its length. */
const somewhere = fc.noBias(fc.integer({ min: 0, max: 9_999 })).map((place) => place / 10_000)
const places = fc.array(somewhere, { maxLength: 3 })
const chunkSizes = fc.integer({ min: 1, max: 20 })

t.test('every valid answer is read as generated, by us and by node:http, wherever its bytes are split', async (t) => {
  const { ours, theirs } = await startReaders(t)
  await fc.assert(
    fc.asyncProperty(plans, methods, chunkSizes, interim, places, async (plan, method, chunkSize, before, where) => {
      const pieces = cut(before + bytesOf(plan, method, chunkSize), where)
      const expected = expectedReading(plan, method)
      assert.deepEqual(await ours(pieces, method), expected)
      assert.deepEqual(await theirs(pieces, method), expected)
    }),
    { numRuns: runs },
  )
  t.pass(`${runs} answers`)
})

const parts = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '1',
  'a',
  '-',
  '+',
  '\x7f',
  '\xa0',
  '\xff',
  '\x0b',
]
const lines = [
  'Content-Length: 3\r\n',
  'content-length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
]
const others = [
  'Transfer-Encoding: gzip, chunked\r\n',
  ' folded\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  'keep-alive',
]
const insertions = fc.constantFrom(...parts, ...lines, ...others)

type Mutation = (bytes: string) => string
const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(somewhere, insertions).map(([place, part]) => (bytes: string) => {
    const at = Math.floor(place * (bytes.length + 1))
    return bytes.slice(0, at) + part + bytes.slice(at)
  }),
  fc.tuple(somewhere, insertions).map(([place, line]) => (bytes: string) => {
    const lines = bytes.split('\r\n')
    const at = 1 + Math.floor(place * (lines.length - 1))
    return [...lines.slice(0, at), line.replace(/\r\n$/, ''), ...lines.slice(at)].join('\r\n')
  }),
  somewhere.map((place) => (bytes: string) => {
    const at = Math.floor(place * bytes.length)
    return bytes.slice(0, at) + bytes.slice(at + 1)
  }),
  fc.tuple(somewhere, insertions).map(([place, part]) => (bytes: string) => {
    const at = Math.floor(place * bytes.length)
    return bytes.slice(0, at) + part + bytes.slice(at + 1)
  }),
  somewhere.map((place) => (bytes: string) => {
    const lines = bytes.split('\r\n')
    const at = Math.floor(place * lines.length)
    return [...lines.slice(0, at), lines[at], ...lines.slice(at)].join('\r\n')
  }),
  fc.tuple(somewhere, fc.constantFrom('\n', '\r', '\n\r', '\r\r\n', '')).map(([place, end]) => (bytes: string) => {
    const lines = bytes.split('\r\n')
    const at = Math.floor(place * lines.length)
    return `${lines.slice(0, at).join('\r\n')}${end}${lines.slice(at).join('\r\n')}`
  }),
  fc
    .constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1')
    .map((version) => (bytes: string) => bytes.replace('HTTP/1.1', version)),
)

/**
 * llhttp also validates extensions and trailers, which our reader drops. If llhttp refuses them, both readers
 * must agree up to there.
 */
function assertSame(ours: NonNullable<Reading>, theirs: Reading, bytes: string): void {
  const isRefusedInChunks = theirs?.isWhole === false && ours.headers.includes('transfer-encoding')
  if (!isRefusedInChunks) return assert.deepEqual(ours, theirs, bytes)
  assert.deepEqual([ours.status, ours.headers], [theirs.status, theirs.headers], bytes)
  assert.ok(ours.body.startsWith(theirs.body), bytes)
}

t.test('every answer that we accept, node:http accepts and reads the same', async (t) => {
  const { ours, theirs } = await startReaders(t)
  let accepted = 0
  const changes = fc.array(mutations, { minLength: 1, maxLength: 2 })
  await fc.assert(
    fc.asyncProperty(plans, methods, chunkSizes, interim, changes, async (plan, method, chunkSize, before, all) => {
      const bytes = all.reduce((changed, change) => change(changed), before + bytesOf(plan, method, chunkSize))
      const reading = await ours([bytes], method)
      if (reading === undefined) return
      accepted += 1
      assertSame(reading, await theirs([bytes], method), JSON.stringify(bytes))
    }),
    { numRuns: 2 * runs },
  )
  t.comment(`${accepted} of ${2 * runs} answers accepted`)
  t.ok(accepted > 0)
})
