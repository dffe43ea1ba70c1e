import type { RedisClient } from './client.ts'

export type LinkOptions = {
  /** Makes a client for where the server is now; not connected yet. */
  prepare: () => Promise<RedisClient>
  /** Done on every new connection before it counts as up. */
  greet?: (client: RedisClient) => Promise<void>
  /** Asks the server whether it is well; default: PING. A rejection gives the connection up. */
  probe?: (client: RedisClient) => Promise<unknown>
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
  /** Opens another connection, and gives this one up once the other is there. */
  renew: () => Promise<void>
  close: () => void
}

const firstRetryMs = 50
const lastRetryMs = 1_000
/** A server that hangs, or a network that swallows packets, is noticed so soon; then `timeoutMs` to answer. */
const probeEveryMs = 1_000

export function createLink(options: LinkOptions): Link {
  const { prepare, greet, probe = (client: RedisClient) => client.ping(), onUp, onDown, timeoutMs } = options
  let current: RedisClient | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let isRenewing = false
  let retryMs = firstRetryMs

  /** Connects and greets; a client that fails on the way is ended. */
  async function connected(): Promise<RedisClient> {
    const client = await prepare()
    client.on('error', (error: unknown) => lose(client, error))
    client.on('end', () => lose(client, new Error('the connection ended')))
    try {
      await within(timeoutMs * 2, connectAndGreet(client))
      return client
    } catch (cause) {
      discard(client)
      throw cause
    }
  }

  async function connectAndGreet(client: RedisClient): Promise<void> {
    await client.connect()
    await greet?.(client)
  }

  async function open(): Promise<void> {
    try {
      adopt(await connected())
      retryMs = firstRetryMs
    } catch (cause) {
      if (isClosed) return
      onDown(cause)
      later(retryMs * (0.5 + Math.random() / 2), open)
      retryMs = Math.min(retryMs * 2, lastRetryMs)
    }
  }

  function adopt(client: RedisClient): void {
    if (isClosed) return discard(client)
    current = client
    later(probeEveryMs, () => beat(client))
    onUp()
  }

  async function renew(): Promise<void> {
    const before = current
    if (isRenewing || before === undefined) return
    isRenewing = true
    try {
      const next = await connected()
      // Lost meanwhile: the link is opening another connection already.
      if (current !== before) return discard(next)
      adopt(next)
      // Commands that wait for an answer still get it.
      before.close().catch(() => discard(before))
    } catch {
      // The connection there is stays; the next probe or refusal tries again.
    } finally {
      isRenewing = false
    }
  }

  async function beat(client: RedisClient): Promise<void> {
    try {
      await within(timeoutMs, probe(client))
      if (client === current) later(probeEveryMs, () => beat(client))
    } catch (cause) {
      lose(client, cause)
    }
  }

  function lose(client: RedisClient, cause: unknown): void {
    if (client !== current) return
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
    renew,
    close() {
      isClosed = true
      clearTimeout(timer)
      const client = current
      current = undefined
      discard(client)
    },
  }
}

/** Ends a connection; all that waits for an answer on it is rejected. */
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
