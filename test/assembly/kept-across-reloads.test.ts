import t from 'tap'

import { createLasting, type Definition } from '../../src/assembly/kept-across-reloads.ts'
import { Secret } from '../../src/config/values/secret.ts'

/** Parts that record when they are created and closed. */
function startStack() {
  const lasting = createLasting()
  const log: string[] = []
  let made = 0
  const definition = (name: string, rest: Partial<Definition<{ id: number }>> = {}): Definition<{ id: number }> => ({
    name,
    make() {
      made += 1
      log.push(`make ${name} ${made}`)
      return { id: made }
    },
    close: ({ id }) => void log.push(`close ${name} ${id}`),
    ...rest,
  })
  return { lasting, log, definition }
}

t.test('a part is kept while its settings stay the same', async (t) => {
  const { lasting, log, definition } = startStack()
  const settings = { secrets: [new Secret('one')], limits: { max: 3 } }
  const first = lasting.hold()
  const part = first.part(definition('redis', { settings }))
  const second = lasting.hold()
  const again = { secrets: [new Secret('one')], limits: { max: 3 } }
  t.equal(second.part(definition('redis', { settings: again })), part)
  await second.putInForce(first)
  await first.release()
  t.same(log, ['make redis 1'], 'nothing was closed')

  const third = lasting.hold()
  t.not(third.part(definition('redis', { settings: { ...settings, secrets: [new Secret('two')] } })), part)
  t.not(third.part(definition('other', { settings })), part, 'another name is another part')
  await third.putInForce(second)
  t.same(log.slice(1), ['make redis 2', 'make other 3', 'close redis 1'])
})

t.test('a part that depends on another one is replaced with it', async (t) => {
  const { lasting, definition } = startStack()
  const [first, second] = [lasting.hold(), lasting.hold()]
  const bus = first.part(definition('bus', { uses: [{}] }))
  const redis = {}
  const next = second.part(definition('bus', { uses: [redis] }))
  t.not(next, bus)
  t.equal(lasting.hold().part(definition('bus', { uses: [redis] })), next)
})

t.test('background work of a configuration ends before that of the next one starts', async (t) => {
  const { lasting, log, definition } = startStack()
  const first = lasting.hold()
  first.part(definition('events', { settings: 1, close: async () => void log.push('events ended') }))
  const second = lasting.hold()
  second.part(definition('events', { settings: 2 }))
  second.onAlone(() => void log.push('the next events begin'))
  second.onInForce(() => void log.push('in force'))
  const settled = second.putInForce(first)
  t.equal(log[2], 'in force', 'at once')
  await settled
  t.same(log.slice(2), ['in force', 'events ended', 'the next events begin'])
})

t.test('parts that requests may need are closed when the configuration is released, in reverse order', async (t) => {
  const { lasting, log, definition } = startStack()
  const first = lasting.hold()
  first.part(definition('redis', { isNeededByRequests: true }))
  first.part(definition('upstream', { isNeededByRequests: true }))
  first.part(definition('keys'))
  await lasting.hold().putInForce(first)
  t.same(log.slice(3), ['close keys 3'])
  await first.release()
  t.same(log.slice(4), ['close upstream 2', 'close redis 1'])
})

t.test('a discarded configuration does not close the parts of the other one', async (t) => {
  const { lasting, log, definition } = startStack()
  const [first, second] = [lasting.hold(), lasting.hold()]
  first.part(definition('redis'))
  second.part(definition('redis'))
  second.part(definition('upstream'))
  const unreadable = { name: 'keys', make: () => Promise.reject(new Error('unreadable')) }
  await t.rejects(second.part(unreadable), { message: 'unreadable' })
  await second.release()
  t.same(log.slice(2), ['close upstream 2'], 'and what could not be made has nothing to close')
  t.equal(first.part(definition('redis')).id, 1)
  const closed = ({ id }: { id: number }) => void log.push(`close certificate ${id}`)
  await first.part({ name: 'certificate', make: async () => ({ id: 9 }), close: closed })
  first.part({ name: 'counts', make: () => ({}) })
  await first.release()
  t.same(log.slice(3), ['close certificate 9', 'close redis 1'])
})

t.test(
  'a part that fails to close does not prevent closing the others or starting the next configuration',
  async (t) => {
    const { lasting, log, definition } = startStack()
    const first = lasting.hold()
    const eio = new Error('EIO')
    first.part(definition('events', { settings: 1 }))
    first.part(definition('trail', { settings: 1, close: () => Promise.reject(eio) }))
    const second = lasting.hold()
    second.onAlone(() => void log.push('the next events begin'))
    await t.rejects(second.putInForce(first), { errors: [eio] })
    t.same(log.slice(2), ['close events 1', 'the next events begin'])
  },
)
