import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { freePort, type Running, startOn } from './process.ts'

export type RedisServer = { url: string; stop: () => Promise<void> }

/**
 * A redis-server that keeps nothing, in `folder`.
 * @throws where it is not installed or does not listen within five seconds
 */
export async function startRedis(folder: string, core: number): Promise<RedisServer> {
  const port = await freePort()
  const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = await startOn(command, { core, announces: false })
  await untilListening(port, server)
  return { url: `redis://127.0.0.1:${port}`, stop: server.stop }
}

async function untilListening(port: number, { child, stop }: Running): Promise<void> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
    if (await isListening(port)) return
    await delay(50)
  }
  await stop()
  throw new Error('redis-server is not installed or does not start')
}

/** Whether somebody accepts connections on this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
