import t from 'tap'

import { missingIn } from '../../../src/cli/setup/missing.ts'

t.test('settings that are there already are not sent', async (t) => {
  const settings = { name: 'a', list: ['x'], nested: { on: true } }
  t.same(missingIn({ ...settings, other: 1 }, settings), { body: {}, differences: [] })
})

t.test('lists are added to, nested settings are sent as a whole, and each difference is named', async (t) => {
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

t.test('in place of what is no list or no settings, the whole is sent', async (t) => {
  t.same(missingIn({ list: null, nested: null }, { list: ['x'], nested: { on: true } }).body, {
    list: ['x'],
    nested: { on: true },
  })
})
