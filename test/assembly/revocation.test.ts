import { EventEmitter, once } from 'node:events'

import t from 'tap'

import { createLasting } from '../../src/assembly/kept-across-reloads.ts'
import { provisionBus } from '../../src/assembly/revocation.ts'
import type { Config } from '../../src/config/schema.ts'
import { Secret } from '../../src/config/values/secret.ts'
import { createRedisKeys, plainPrefix } from '../../src/redis/keys.ts'
import type { Redis } from '../../src/redis/redis.ts'
import { createSealer } from '../../src/seal/sealer.ts'
import { sessionOf } from '../support/sessions.ts'

const [former, next] = ['the former secret of at least 32 characters', 'the next secret of at least 32 characters']

t.test('published changes of sessions are sealed with the secrets in force', async (t) => {
  const events = new EventEmitter<{ published: [topic: string, sealed: string] }>()
  const publish = async (topic: string, sealed: string) => void events.emit('published', topic, sealed)
  const redis = { keys: createRedisKeys(plainPrefix), events: new EventEmitter(), publish } as unknown as Redis
  const lasting = createLasting()
  const busFor = (secret: string, holding: ReturnType<typeof lasting.hold>) => {
    const config = { session: { secrets: [new Secret(secret)] } } as Config
    return provisionBus(config, { now: Date.now } as Parameters<typeof provisionBus>[1], redis, holding)
  }
  const isOpenedBy = async (secret: string): Promise<boolean> => {
    const published = once(events, 'published') as Promise<[string, string]>
    bus.change(sessionOf())
    const [, sealed] = await published
    return (await createSealer([secret], 'session-news').open(sealed)) !== undefined
  }
  const [first, second] = [lasting.hold(), lasting.hold()]
  const bus = busFor(former, first)
  await first.putInForce()
  t.equal(busFor(next, second), bus)
  t.same([await isOpenedBy(former), await isOpenedBy(next)], [true, false], 'until the change takes effect')
  await second.putInForce(first)
  t.same([await isOpenedBy(former), await isOpenedBy(next)], [false, true])
})
