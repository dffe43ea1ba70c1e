import { EventEmitter } from 'node:events'

import { ErrorReply } from '@redis/client'

import { createRedisClient, type RedisClient } from './client.ts'
import { clusterPrefix, createRedisKeys, plainPrefix, type RedisKeys } from './keys.ts'
import { Link, type LinkOptions, within } from './link.ts'
import { locate } from './locate.ts'
import { isMisplaced, isTransientReply, RedisUnavailable, writeRefusalIn } from './replies.ts'
import type { Script } from './scripts.ts'
import type { RedisSettings } from './settings.ts'

export type RedisEvents = {
  /** Both connections are up, for the first time or again. */
  ready: []
  /** A connection was lost or could not be opened; emitted once until `ready`. Messages may be missed from now on. */
  lost: [cause: unknown]
  /** A process, possibly this one, published a message. */
  message: [topic: string, text: string]
  /** The server has begun to refuse writes, and why; undefined when it accepts them again. */
  refusing: [reason: string | undefined]
}

/** Connects once and disconnects. @throws when that fails, or takes longer than two timeouts */
export async function tryToConnect(settings: RedisSettings): Promise<void> {
  const client = createRedisClient(await locate(settings), settings)
  // A failed connection also emits its error.
  client.on('error', () => undefined)
  try {
    const answer = client.connect().then(() => client.ping())
    await within(settings.timeoutMs * 2, answer)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

/** One Redis or Valkey: commands on one connection, messages on another. Both reconnect automatically. */
export class Redis {
  readonly keys: RedisKeys
  /** The channel of all messages, for scripts that publish. A message is a topic, a space and a text. */
  readonly channel: string
  readonly events = new EventEmitter<RedisEvents>()
  readonly #commands: Link
  readonly #messages: Link
  readonly #firstAttempts: Promise<unknown>
  #settings: RedisSettings
  #wasReady: boolean | undefined
  #refusal: string | undefined

  constructor(settings: RedisSettings) {
    this.#settings = settings
    this.keys = createRedisKeys(settings.topology.kind === 'cluster' ? clusterPrefix : plainPrefix)
    this.channel = this.keys.named('messages')
    this.events.setMaxListeners(0)
    const [commands, messages] = [
      this.#openLink({ probe: (client) => this.#probeWrites(client) }),
      // Subscribe before `ready` is emitted, so that code that starts at `ready` misses no message.
      this.#openLink({ greet: (client) => client.subscribe(this.channel, (message) => this.#deliver(message)) }),
    ]
    this.#commands = commands.link
    this.#messages = messages.link
    this.#firstAttempts = Promise.all([commands.attempted, messages.attempted])
    commands.link.start()
    messages.link.start()
  }

  isReady(): boolean {
    return this.#commands.client() !== undefined && this.#messages.client() !== undefined
  }

  /** Why the server refuses writes; undefined while it accepts them. */
  refusal(): string | undefined {
    return this.#refusal
  }

  /** @throws RedisUnavailable at once while disconnected, and within about two timeouts when no answer comes */
  async send(...command: string[]): Promise<unknown> {
    const client = this.#commands.client()
    if (client === undefined) throw new RedisUnavailable('not connected to Redis')
    try {
      return await client.sendCommand(command)
    } catch (cause) {
      this.#learnFrom(cause)
      if (cause instanceof ErrorReply && !isTransientReply(cause)) throw cause
      const reason = writeRefusalIn(cause)
      throw new RedisUnavailable(reason ? `Redis refuses writes (${reason})` : 'Redis did not answer', { cause })
    }
  }

  /**
   * Runs a script by its hash; sends it in full when the server does not have it yet, e.g. after a restart.
   * @throws RedisUnavailable like `send`
   */
  async run({ source, sha1 }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const tail = [String(keys.length), ...keys, ...args]
    try {
      return await this.send('EVALSHA', sha1, ...tail)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return this.send('EVAL', source, ...tail)
    }
  }

  /** Sends a message to every connected process, including this one. @throws RedisUnavailable like `send` */
  async publish(topic: string, text: string): Promise<void> {
    await this.send('PUBLISH', this.channel, `${topic} ${text}`)
  }

  /** Switches to another server or other credentials, without an interruption. */
  use(next: RedisSettings): void {
    this.#settings = next
    void this.#goOver()
  }

  /** Replaces both connections, then emits `ready`, so that listeners discard what they know from the former server. */
  async #goOver(): Promise<void> {
    await Promise.all([this.#commands.renew(), this.#messages.renew()])
    if (this.isReady()) this.events.emit('ready')
  }

  /** Resolves after the first attempt to connect, whether it succeeded or failed. */
  async attempted(): Promise<void> {
    await this.#firstAttempts
  }

  close(): void {
    this.#commands.close()
    this.#messages.close()
  }

  #openLink(rest: Pick<LinkOptions, 'greet' | 'probe'>): { link: Link; attempted: Promise<void> } {
    const attempt = Promise.withResolvers<void>()
    const link = new Link({
      timeoutMs: this.#settings.timeoutMs,
      prepare: async () => createRedisClient(await locate(this.#settings), this.#settings),
      onUp: () => {
        attempt.resolve()
        if (this.#wasReady === true || !this.isReady()) return
        this.#wasReady = true
        this.events.emit('ready')
      },
      onDown: (cause) => {
        attempt.resolve()
        if (this.#wasReady !== false) this.events.emit('lost', cause)
        this.#wasReady = false
      },
      ...rest,
    })
    return { link, attempted: attempt.promise }
  }

  #deliver(message: string): void {
    const at = message.indexOf(' ')
    this.events.emit('message', message.slice(0, at), message.slice(at + 1))
  }

  /** Probes with a write, so that a server that refuses writes is noticed before the next login. */
  async #probeWrites(client: RedisClient): Promise<void> {
    try {
      await client.sendCommand(['SET', this.keys.named('probe'), '1', 'PX', '60000'])
      this.#noteRefusal(undefined)
    } catch (cause) {
      if (!(cause instanceof ErrorReply) || !isTransientReply(cause)) throw cause
      this.#learnFrom(cause)
    }
  }

  /** Notes when an error reply means that the server refuses writes. Reconnects if another server may be the right one. */
  #learnFrom(cause: unknown): void {
    const reason = writeRefusalIn(cause)
    if (reason !== undefined) this.#noteRefusal(reason)
    if (isMisplaced(cause)) void this.#commands.renew()
  }

  #noteRefusal(reason: string | undefined): void {
    if (reason === this.#refusal) return
    this.#refusal = reason
    this.events.emit('refusing', reason)
    // This may be another server. Its messages must be received from now on, and earlier ones were missed.
    if (reason === undefined) void this.#goOver()
  }
}
