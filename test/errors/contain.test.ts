import { setImmediate as settled } from 'node:timers/promises'

import t from 'tap'

import { containErrors, continueAfter } from '../../src/errors/contain.ts'

t.test('an error ends its own request, and a second error during that is contained', async (t) => {
  const collapsed: unknown[] = []
  const owner = {
    onData(part: string) {
      throw new Error(part)
    },
    collapse(error: unknown) {
      collapsed.push(error)
      throw new Error('collapsing failed')
    },
  }
  containErrors(owner, ['onData'])
  t.doesNotThrow(() => owner.onData('broken'))
  t.match(collapsed, [{ message: 'broken' }])
})

t.test('an error after an asynchronous stage ends its request, not the process', async (t) => {
  const lines: object[] = []
  let isEnded = false
  const raw = { headersSent: false, statusCode: 200, end: () => void (isEnded = true) }
  const log = { error: (line: object) => void lines.push(line) }
  continueAfter(Promise.resolve(), { raw, log } as never, () => {
    throw new Error('broken')
  })
  await settled()
  t.match(lines, [{ code: 'STAGEDOOR_INTERNAL', err: { message: 'broken' } }])
  t.match({ isEnded, status: raw.statusCode }, { isEnded: true, status: 500 })
})
