import type { RedisClient } from './client.ts'

export type LinkOptions = {
  /** Makes a client for where the server is now; not connected yet. */
  prepare: () => Promise<RedisClient>
  /** Done on every new connection before it counts as up. */
  greet: (client: RedisClient) => Promise<void>
  onUp: () => void
  /** Called for every loss and every failed attempt. */
  onDown: (cause: unknown) => void
  timeoutMs: number
}

/** A connection that is opened again whenever it is lost, to wherever the server is by then. */
export type Link = {
  /** The connection, or nothing while there is none. */
  client: () => RedisClient | undefined
  start: () => void
  /** Gives the connection up, so that the next is opened at once; for a server that is no longer the right one. */
  drop: (cause: unknown) => void
  close: () => void
}

const firstRetryMs = 50
const lastRetryMs = 1_000
/** A server that hangs, or a network that swallows packets, is noticed so soon; then `timeoutMs` to answer. */
const heartbeatEveryMs = 1_000

export function createLink({ prepare, greet, onUp, onDown, timeoutMs }: LinkOptions): Link {
  let current: RedisClient | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let retryMs = firstRetryMs

  async function open(): Promise<void> {
    let client: RedisClient | undefined
    try {
      const opened = await prepare()
      client = opened
      opened.on('error', (error: unknown) => lose(opened, error))
      opened.on('end', () => lose(opened, new Error('the connection ended')))
      await within(timeoutMs * 2, connect(opened))
      if (isClosed) return opened.destroy()
      current = opened
      retryMs = firstRetryMs
      later(heartbeatEveryMs, () => beat(opened))
      onUp()
    } catch (cause) {
      discard(client)
      if (isClosed) return
      onDown(cause)
      later(retryMs * (0.5 + Math.random() / 2), open)
      retryMs = Math.min(retryMs * 2, lastRetryMs)
    }
  }

  async function connect(client: RedisClient): Promise<void> {
    await client.connect()
    await greet(client)
  }

  async function beat(client: RedisClient): Promise<void> {
    try {
      await within(timeoutMs, client.ping())
      if (client === current) later(heartbeatEveryMs, () => beat(client))
    } catch (cause) {
      lose(client, cause)
    }
  }

  function lose(client: RedisClient | undefined, cause: unknown): void {
    if (client === undefined || client !== current) return
    current = undefined
    discard(client)
    onDown(cause)
    later(firstRetryMs, open)
  }

  function later(delayMs: number, next: () => Promise<void>): void {
    clearTimeout(timer)
    timer = setTimeout(() => void next(), delayMs)
    timer.unref()
  }

  return {
    client: () => current,
    start: () => void open(),
    drop: (cause) => lose(current, cause),
    close() {
      isClosed = true
      clearTimeout(timer)
      const client = current
      current = undefined
      discard(client)
    },
  }
}

/** Rejects all that waits on this connection, too. */
function discard(client: RedisClient | undefined): void {
  if (client?.isOpen === true) client.destroy()
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from Redis within ${ms} ms`)), ms)
    timer.unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
