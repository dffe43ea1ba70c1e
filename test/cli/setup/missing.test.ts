import t from 'tap'

import { missingIn } from '../../../src/cli/setup/missing.ts'

t.test('settings that exist already are not sent', async (t) => {
  const settings = { name: 'a', list: ['x'], nested: { on: true } }
  t.same(missingIn({ ...settings, other: 1 }, settings), { body: {}, differences: [] })
})

t.test('lists are extended, nested settings are sent as a whole, and each difference is named', async (t) => {
  const found = {
    list: ['y'],
    scopes: [{ value: 'a', description: 'theirs' }],
    nested: { kept: 1, on: false },
    name: 'old',
  }
  const wanted = {
    list: ['x'],
    scopes: [{ value: 'a', description: 'ours' }, { value: 'b' }],
    nested: { on: true },
    name: 'new',
    fresh: 3,
  }
  t.same(missingIn(found, wanted), {
    body: {
      list: ['y', 'x'],
      scopes: [{ value: 'a', description: 'theirs' }, { value: 'b' }],
      nested: { kept: 1, on: true },
      name: 'new',
      fresh: 3,
    },
    differences: ['list: add x', 'scopes: add b', 'nested.on: false → true', 'name: old → new', 'fresh: 3'],
  })
})

t.test('a value of another type is replaced as a whole', async (t) => {
  t.same(missingIn({ list: null, nested: null }, { list: ['x'], nested: { on: true } }).body, {
    list: ['x'],
    nested: { on: true },
  })
})
