import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { until } from '../../support/until.ts'
import { type Answer, readAnswers } from './answers.ts'
import type { Manner } from './upstream.ts'

/** One request and the way to send it. */
export type Step = {
  method: 'GET' | 'HEAD' | 'POST'
  manner: Manner
  /** Only a POST has a body. */
  body: 'sized' | 'chunked'
  isUpgrade: boolean
  /** Number of pieces, written one per turn of the event loop. */
  pieces: number
  /** Where it breaks off, as a fraction of its bytes; undefined for a complete request. */
  cutAt: number | undefined
  /** Whether to wait for the answer before the next request. */
  waits: boolean
}

export type Script = {
  steps: Step[]
  /** How the client ends: closes its side, resets, or first waits for pending answers. */
  ending: 'end' | 'reset' | 'patient'
}

export type Conversation = {
  sent: { mark: string; step: Step; isWhole: boolean }[]
  answers: Answer[]
  /** Bytes after a 101. */
  tunnel: string
}

const bodyBytes = 'b'.repeat(3_000)

function bytesOf({ method, manner, body, isUpgrade }: Step, mark: string): string {
  const head = `${method} /open/${mark}/${manner} HTTP/1.1\r\nHost: localhost\r\n`
  if (method === 'POST') {
    if (body === 'sized') return `${head}Content-Length: ${bodyBytes.length}\r\n\r\n${bodyBytes}`
    return `${head}Transfer-Encoding: chunked\r\n\r\n${bodyBytes.length.toString(16)}\r\n${bodyBytes}\r\n0\r\n\r\n`
  }
  if (isUpgrade && method === 'GET') {
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n'
    return `${head}${fields}\r\n${mark}`
  }
  return `${head}\r\n`
}

/** Runs a script on a new connection until it has closed. */
export async function converse(port: number, script: Script, markOf: (step: number) => string): Promise<Conversation> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let received = ''
  let isClosed = false
  socket.setEncoding('latin1').on('data', (text: string) => void (received += text))
  socket.on('error', () => undefined).on('close', () => void (isClosed = true))
  // The other side has closed, and may still wait for our bytes.
  socket.on('end', () => socket.end())
  const sent: Conversation['sent'] = []
  const read = () =>
    readAnswers(
      received,
      sent.map(({ step }) => step.method),
      isClosed,
    )
  const soFar = () => ({
    sent: sent.map(({ mark, step: { method, manner } }) => `${mark} ${method} ${manner}`),
    answered: read().answers.map(({ status }) => status),
  })
  const isAnswered = () => isClosed || socket.readableEnded || read().isTunnel || read().answers.length >= sent.length

  for (const [index, step] of script.steps.entries()) {
    if (isClosed || !socket.writable) break
    const mark = markOf(index)
    const whole = bytesOf(step, mark)
    const bytes = step.cutAt === undefined ? whole : whole.slice(0, Math.floor(step.cutAt * whole.length))
    sent.push({ mark, step, isWhole: bytes.length === whole.length })
    await writeInPieces(socket, bytes, step.pieces)
    if (step.cutAt !== undefined) break
    if (isEndless(step)) {
      await until(() => isClosed || received.includes(mark), 1)
      socket.resetAndDestroy()
      break
    }
    if (step.waits) await until(isAnswered, 1, soFar)
  }
  const isCut = sent.some(({ isWhole }) => !isWhole)
  if (script.ending === 'patient' && !isCut && !socket.destroyed) await until(isAnswered, 1, soFar)
  if (script.ending === 'reset') socket.resetAndDestroy()
  else if (!socket.destroyed) socket.end()
  await until(() => isClosed, 1, soFar)
  const { answers, tunnel } = read()
  return { sent, answers, tunnel }
}

/** Whether the answer is endless: the client reads its start and hangs up. */
const isEndless = ({ manner, method }: Step): boolean => manner === 'endless' && method !== 'HEAD'

async function writeInPieces(socket: Socket, bytes: string, pieces: number): Promise<void> {
  if (socket.connecting) await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  const length = Math.max(1, Math.ceil(bytes.length / pieces))
  for (let at = 0; at < bytes.length && socket.writable; at += length) {
    socket.write(bytes.slice(at, at + length), 'latin1')
    await new Promise(setImmediate)
  }
}
