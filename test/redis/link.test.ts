import { EventEmitter } from 'node:events'

import t, { type Test } from 'tap'

import type { RedisClient } from '../../src/redis/client.ts'
import { Link } from '../../src/redis/link.ts'

/** The part of a client that the link uses. */
function fakeClient(connect: () => Promise<unknown> = async () => undefined) {
  const client = Object.assign(new EventEmitter(), {
    isOpen: false,
    isDestroyed: false,
    async connect() {
      client.isOpen = true
      await connect()
    },
    ping: async () => 'PONG',
    close: async () => client.destroy(),
    destroy() {
      client.isOpen = false
      client.isDestroyed = true
    },
  })
  return client
}

function linkTo(t: Test, clients: ReturnType<typeof fakeClient>[]) {
  // The link's own timers keep no process alive.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const seen: string[] = []
  const next = { up: Promise.withResolvers<void>() }
  const link = new Link({
    timeoutMs: 1_000,
    prepare: async () => (clients.shift() ?? fakeClient()) as unknown as RedisClient,
    greet: async () => void seen.push('greeted'),
    onUp() {
      seen.push('up')
      next.up.resolve()
    },
    onDown: () => void seen.push('down'),
  })
  return { link, seen, next }
}

t.test('a connection is set up before use, and a lost one is replaced', async (t) => {
  const [first, second] = [fakeClient(), fakeClient()]
  const { link, seen, next } = linkTo(t, [first, second])
  link.start()
  await next.up.promise
  t.equal(link.client(), first)
  next.up = Promise.withResolvers()
  first.emit('error', new Error('reset'))
  t.equal(link.client(), undefined)
  t.ok(first.isDestroyed)
  await next.up.promise
  t.equal(link.client(), second)
  first.emit('error', new Error('late'))
  t.equal(link.client(), second, 'what the old one says does not matter')
  link.close()
  t.same(seen, ['greeted', 'up', 'down', 'greeted', 'up'])
  t.ok(second.isDestroyed)
})

t.test('a renewed connection closes once the next one is open', async (t) => {
  const tried = Promise.withResolvers<void>()
  const failing = fakeClient(async () => {
    tried.resolve()
    throw new Error('refused')
  })
  const [first, third] = [fakeClient(), fakeClient()]
  const { link, seen, next } = linkTo(t, [first, failing, third])
  await link.renew()
  t.equal(link.client(), undefined, 'nothing was there to renew')
  link.start()
  await next.up.promise
  const renewed = Promise.all([link.renew(), link.renew()])
  await tried.promise
  t.equal(link.client(), first)
  await renewed
  t.equal(link.client(), third)
  t.ok(first.isDestroyed)
  t.notOk(seen.includes('down'))
  link.close()
})

t.test('a connection that is lost during its renewal is reopened once', async (t) => {
  const gate = Promise.withResolvers<void>()
  const [first, late, third] = [fakeClient(), fakeClient(() => gate.promise), fakeClient()]
  const { link, next } = linkTo(t, [first, late, third])
  link.start()
  await next.up.promise
  const renewed = link.renew()
  next.up = Promise.withResolvers()
  first.emit('end')
  await next.up.promise
  gate.resolve()
  await renewed
  t.equal(link.client(), third)
  t.ok(late.isDestroyed)
  link.close()
})

t.test('a failed attempt is followed by another', async (t) => {
  const failing = fakeClient(() => Promise.reject(new Error('refused')))
  const { link, seen, next } = linkTo(t, [failing])
  t.teardown(() => link.close())
  link.start()
  await next.up.promise
  t.same(seen, ['down', 'greeted', 'up'])
  t.ok(failing.isDestroyed)
})

t.test('a link that is closed while it connects ends the connection and stays closed', async (t) => {
  for (const outcome of ['resolve', 'reject'] as const) {
    const gate = Promise.withResolvers<void>()
    const client = fakeClient(() => gate.promise)
    const { link, seen } = linkTo(t, [client])
    link.start()
    await new Promise((next) => setImmediate(next))
    link.close()
    if (outcome === 'resolve') gate.resolve()
    else gate.reject(new Error('refused'))
    await new Promise((next) => setImmediate(next))
    t.ok(client.isDestroyed)
    t.equal(link.client(), undefined)
    t.notOk(seen.includes('up'))
    t.notOk(seen.includes('down'))
  }
})

t.test('the end of a connection after closing the link is not reported', async (t) => {
  const client = fakeClient()
  const { link, seen, next } = linkTo(t, [client])
  link.start()
  await next.up.promise
  link.close()
  client.emit('end')
  t.same(seen, ['greeted', 'up'])
})
