import t from 'tap'

import { createRedisKeys, plainPrefix } from '../../src/redis/keys.ts'
import { formatMark, type Mark, markOf } from '../../src/revocation/mark.ts'
import { createSharedMarks } from '../../src/revocation/shared-marks.ts'

const until = 2_000
const mark = markOf({ sessionId: 'ref' }, until)

/** Marks over a Redis that answers every command with `reply`. */
function marksOver(reply: unknown) {
  const heard: Mark[] = []
  const writes: (readonly string[])[] = []
  let say: (message: string) => void = () => undefined
  const redis = {
    keys: createRedisKeys(plainPrefix),
    send: async () => reply,
    run: async (_script: unknown, _keys: readonly string[], args: readonly string[]) => void writes.push(args),
    subscribe(_channel: string, listener: (message: string) => void) {
      say = listener
      return () => undefined
    },
  }
  const shared = createSharedMarks(
    redis,
    () => 1_000,
    (each) => void heard.push(each),
    () => undefined,
  )
  return { shared, heard, writes, say: (message: string) => say(message) }
}

t.test('marks of a later version are passed over, read or heard', async (t) => {
  const { shared, heard, say } = marksOver([
    ['novelty x 0', until],
    [formatMark(mark), until],
    ['session short 0', until],
  ])
  t.same(await shared.readAll(), [mark])
  say(`${until} novelty x 0`)
  say(`${until} ${formatMark(mark)}`)
  t.same(heard, [mark])
})

t.test('an answer that holds no marks is read as none', async (t) => {
  for (const reply of [null, 'OK', [], [formatMark(mark), until], [[]]]) {
    t.same(await marksOver(reply).shared.readAll(), [])
  }
})

t.test('many marks are written 500 at a time', async (t) => {
  const { shared, writes } = marksOver(1)
  await shared.write(Array.from({ length: 501 }, (_, i) => markOf({ sessionId: `ref-${i}` }, until)))
  // A score and a mark each, after the channel and the time.
  t.same(
    writes.map((args) => args.length),
    [2 + 1000, 2 + 2],
  )
})
