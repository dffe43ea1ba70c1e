import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { WebSocket } from 'ws'

import { machineToken } from '../support/machine.ts'
import type { Replicas } from '../support/replicas.ts'
import { until } from '../support/until.ts'

/** Clients stop after this many failures: immediate failures would otherwise fill the memory. */
const maxFailures = 1_000
const machines = 4

export type LoadFigures = {
  requests: number
  logins: number
  messages: number
  /** Event streams and WebSockets that ended at a planned restart and were reopened at once. */
  reopened: number
  /** Event streams and WebSockets that ended at another time or in another way. */
  lost: number
  failures: string[]
}

export type Load = {
  /** While true, a stream that ends and a WebSocket that is closed with 1001 are planned, and opened again. */
  isRestarting: boolean
  figures: LoadFigures
  /** Resolves when every client has seen the change. */
  meet(): Promise<void>
  stop(): Promise<LoadFigures>
}

/**
 * Mixed load on one address: people who read and write, over HTTP/1.1 and HTTP/2, each with an open event stream and WebSocket;
 * machines with bearer tokens; and a person who logs in repeatedly.
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
      // Keep a steady rate below the machine's limit: the load shares its processors with all servers.
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

  /** A stream or socket that ended with its process is reopened at another one. Any other end counts as lost. */
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
    // Any end counts: a load balancer cuts a stream whose server stops, and browsers reopen it.
    await new Promise((resolve) =>
      body
        .on('error', () => undefined)
        .once('close', resolve)
        .resume(),
    )
    endedAs(true)
  }

  /** Sends a message and waits for its echo while the socket is open. */
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
