import t from 'tap'

import { containErrors } from '../../src/errors/contain.ts'

t.test('an error ends what it happened in, and one while it ends goes no further', async (t) => {
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
