import t from 'tap'

import { containErrors } from '../../src/proxy/contain.ts'

t.test('an error ends the exchange that it happened in, and one while it ends goes no further', async (t) => {
  const collapsed: unknown[] = []
  const exchange = {
    onData(part: string) {
      throw new Error(part)
    },
    collapse(error: unknown) {
      collapsed.push(error)
      throw new Error('collapsing failed')
    },
  }
  containErrors(exchange as never)
  t.doesNotThrow(() => exchange.onData('broken'))
  t.match(collapsed, [{ message: 'broken' }])
})
