import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { WebSocket } from 'ws'

import { machineToken } from '../support/machine.ts'
import type { Replicas } from '../support/replicas.ts'
import { until } from '../support/until.ts'

/** Askers give up after so many: what fails at once would otherwise fill the memory. */
const maxFailures = 1_000
const machines = 4

export type LoadFigures = {
  requests: number
  logins: number
  messages: number
  /** Event streams and WebSockets that ended at a planned restart, and were open again at once. */
  reopened: number
  /** Those that ended at another time, or in another way. */
  lost: number
  failures: string[]
}

export type Load = {
  /** While true, a stream that ends and a WebSocket that is closed with 1001 are planned, and opened again. */
  isRestarting: boolean
  figures: LoadFigures
  /** Until every asker has met what has changed. */
  meet(): Promise<void>
  stop(): Promise<LoadFigures>
}

/**
 * Much at once at one address: people who read and write, by HTTP/1.1 and HTTP/2, each with an event stream and a WebSocket that
 * are held open; machines with bearer tokens; and somebody who logs in, again and again.
 */
export function startMixedLoad(t: Test, url: string, stack: Replicas, cookies: readonly string[]): Load {
  const connection = { rejectUnauthorized: false }
  const agents = [false, true].map((allowH2) => new Agent({ allowH2, connect: connection, bodyTimeout: 0 }))
  t.teardown(() => Promise.all(agents.map((agent) => agent.destroy())))
  const figures: LoadFigures = { requests: 0, logins: 0, messages: 0, reopened: 0, lost: 0, failures: [] }
  const { failures } = figures
  const load: Load = { isRestarting: false, figures, meet, stop }
  let isStopped = false
  const steadily = async (what: string, work: (turn: number) => Promise<void>): Promise<void> => {
    for (let turn = 0; !isStopped && failures.length < maxFailures; turn += 1) {
      await work(turn).catch((error: unknown) => void failures.push(`${what} ${turn}: ${String(error)}`))
      // Steady, and not as much as the machine can take: its processors are shared with all that answers.
      await delay(pauseMs)
    }
  }

  async function ask(name: string, turn: number, credential: Record<string, string>): Promise<void> {
    const method = turn % 4 === 0 ? 'POST' : 'GET'
    const headers = {
      ...credential,
      accept: 'application/json',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
    }
    const body = method === 'POST' ? '{}' : null
    const dispatcher = agents[turn % agents.length] as Agent
    const answer = await request(`${url}/api/${name}-${turn}`, { method, headers, body, dispatcher })
    const text = await answer.body.text()
    figures.requests += 1
    if (answer.statusCode !== 200) failures.push(`${method} by ${name}: ${answer.statusCode} ${text}`)
  }

  async function logIn(): Promise<void> {
    await stack.signIn('max@example.com')
    figures.logins += 1
  }

  /** A stream or socket that ended with its process is opened again at another one; any other end counts as lost. */
  function endedAs(isPlanned: boolean): void {
    if (isStopped) return
    if (load.isRestarting && isPlanned) figures.reopened += 1
    else figures.lost += 1
  }

  async function holdStream(cookie: string, id: number): Promise<void> {
    const headers = { cookie, accept: 'text/event-stream' }
    const dispatcher = agents[id % agents.length] as Agent
    const { body, statusCode } = await request(`${url}/stream`, { headers, dispatcher })
    if (statusCode !== 200) failures.push(`a stream: ${statusCode}`)
    // However it ends: a balancer cuts a stream whose server goes, and browsers open it again.
    await new Promise((resolve) =>
      body
        .on('error', () => undefined)
        .once('close', resolve)
        .resume(),
    )
    endedAs(true)
  }

  /** Sends a message, and waits for its echo, as long as the socket is open. */
  async function holdSocket(cookie: string): Promise<void> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, {
      headers: { cookie },
      rejectUnauthorized: false,
    })
    const closed = new Promise<number>((resolve) => socket.on('error', () => undefined).once('close', resolve))
    socket.on('message', () => {
      figures.messages += 1
      setTimeout(() => socket.send('again', () => undefined), pauseMs)
    })
    await once(socket, 'open')
    open.add(socket)
    socket.send('first')
    const code = await closed
    open.delete(socket)
    endedAs(code === goingAway)
  }

  const open = new Set<WebSocket>()
  t.teardown(() => {
    for (const socket of open) socket.terminate()
  })
  const token = `Bearer ${machineToken(stack.auth0)}`
  const askers = [
    ...cookies.map((cookie, id) => steadily('a person', (turn) => ask(`person-${id}`, turn, { cookie }))),
    ...Array.from({ length: machines }, (_, id) =>
      steadily('a machine', (turn) => ask(`machine-${id}`, turn, { authorization: token })),
    ),
    steadily('a login', logIn),
  ]
  const holders = cookies.flatMap((cookie, id) => [
    steadily(`stream ${id}`, () => holdStream(cookie, id)),
    steadily('a WebSocket', () => holdSocket(cookie)),
  ])

  async function meet(): Promise<void> {
    const { requests, logins } = figures
    const enough = requests + 4 * cookies.length
    await until(() => failures.length >= maxFailures || (figures.requests >= enough && figures.logins > logins))
  }

  async function stop(): Promise<LoadFigures> {
    isStopped = true
    await Promise.all(askers)
    for (const socket of open) socket.terminate()
    await Promise.all(agents.map((agent) => agent.destroy()))
    await Promise.allSettled(holders)
    return figures
  }

  return load
}

/** RFC 6455 §7.4.1: the server goes away; clients connect again. */
const goingAway = 1001
const pauseMs = 20
