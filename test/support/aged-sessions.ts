import { randomBytes } from 'node:crypto'

import type { Test } from 'tap'

import { Redis } from '../../src/redis/redis.ts'
import { parseNode } from '../../src/redis/settings.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { createRecordSealer, newReference, parseReference } from '../../src/session/record-sealer.ts'
import type { Session } from '../../src/session/session.ts'

/** Reads and rewrites sessions in Redis with the secret and the cookie, as only their gateway can. */
export async function createSessionEditor(t: Test, url: string, secret: string) {
  const { password } = new URL(url)
  const topology = { kind: 'single' as const, node: parseNode(url) }
  const redis = new Redis({ topology, password: password === '' ? undefined : password, timeoutMs: 30_000 })
  t.teardown(() => redis.close())
  await redis.attempted()
  const sealer = createRecordSealer([secret])
  const news = createSealer([secret], 'session-news')

  /** @returns the session as it is in Redis; nothing when it is not there */
  async function read(cookie: string): Promise<Session | undefined> {
    const reference = referenceIn(cookie)
    const record = await redis.send('HGET', redis.keys.session(reference.sessionId), 'record')
    return typeof record === 'string' ? (await sealer.open(record, reference))?.session : undefined
  }

  /** Makes the session's claims older, as time would. */
  async function age(cookie: string, ms: number): Promise<void> {
    const reference = referenceIn(cookie)
    const session = await read(cookie)
    if (session === undefined) throw new Error('no such session in Redis')
    const aged = { ...session, refreshedAt: session.refreshedAt - ms }
    const fields = ['record', await sealer.seal(aged, reference), 'revision', String(aged.refreshedAt)]
    await redis.send('HSET', redis.keys.session(session.id), ...fields)
    await redis.publish('changed', await news.seal(aged))
  }

  /** Puts a session there, as a login would. @returns the value of its cookie */
  async function begin(session: Session): Promise<string> {
    const cookie = newReference(session.id, randomBytes)
    const state = ['revision', String(session.refreshedAt), 'usedAt', String(session.usedAt)]
    const record = await sealer.seal(session, referenceIn(cookie))
    await redis.send('HSET', redis.keys.session(session.id), 'record', record, ...state)
    return cookie
  }

  return { read, age, begin }
}

function referenceIn(cookie: string) {
  const reference = parseReference(cookie.slice(cookie.indexOf('=') + 1))
  if (reference === undefined) throw new Error('no reference to a session in the cookie')
  return reference
}
