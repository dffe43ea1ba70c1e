import t from 'tap'

import { createShedLog } from '../../src/overload/refusal.ts'

t.test('an overload is logged at once, then counted, and its end is logged once', async (t) => {
  const lines: object[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const log = createShedLog(
    {
      warn: (facts) => void lines.push(facts),
      info() {
        lines.push({ over: true })
        end()
      },
    },
    5,
  )
  t.teardown(() => log.close())
  for (const reason of ['delay', 'delay', 'connections', 'delay'] as const) log.note(reason)
  t.same(lines, [{ refused: { delay: 1 } }], 'one queue, however many there are')
  // The timer is unref'd, so the test has to keep the process alive.
  const awake = setInterval(() => undefined, 1_000)
  await ended
  clearInterval(awake)
  t.same(lines, [{ refused: { delay: 1 } }, { refused: { delay: 2, connections: 1 } }, { over: true }])
  log.note('requests')
  t.same(lines.at(-1), { refused: { requests: 1 } }, 'the next overload is said at once again')
})
