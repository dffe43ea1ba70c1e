import t from 'tap'

import type { AddressHealth } from '../../src/proxy/upstream-addresses.ts'
import { createChooser, type Target } from '../../src/proxy/upstream-addresses.ts'

const connections = { dispatch: () => t.fail('a chooser sends nothing') }

function target(active: number, isUsable = true): Target & { tried: number } {
  const made = { connections, active, tried: 0, health: {} as AddressHealth }
  made.health = {
    isFailing: !isUsable,
    isUsable: () => isUsable,
    tried: () => void (made.tried += 1),
    connectFailed() {},
    answered() {},
    probed() {},
  }
  return made
}

t.test('a single address is always chosen', async (t) => {
  const only = target(7, false)
  const choose = createChooser([only])
  t.equal(choose(undefined), only)
  t.equal(choose(only), only)
})

t.test('the least busy address gets the request', async (t) => {
  const targets = [target(3), target(1), target(2)] as const
  const choose = createChooser([...targets])
  for (let i = 0; i < 4; i++) t.equal(choose(undefined), targets[1])
})

t.test('equally busy addresses take turns', async (t) => {
  const targets = [target(0), target(0), target(0)] as const
  const choose = createChooser([...targets])
  const chosen = [1, 2, 3, 4, 5, 6].map(() => targets.indexOf(choose(undefined) as (typeof targets)[0]))
  t.same(chosen, [1, 2, 0, 1, 2, 0])
})

t.test('an unhealthy address gets no requests while another is healthy', async (t) => {
  const targets = [target(0, false), target(9)] as const
  const choose = createChooser([...targets])
  for (let i = 0; i < 4; i++) t.equal(choose(undefined), targets[1])
  t.equal(targets[0].tried, 0)
  t.equal(targets[1].tried, 4)
})

t.test('a second attempt goes to another address, even a busier one', async (t) => {
  const targets = [target(0), target(9)] as const
  const choose = createChooser([...targets])
  for (let i = 0; i < 4; i++) t.equal(choose(targets[0]), targets[1])
})

t.test('without a healthy address, a second attempt still tries another address', async (t) => {
  const targets = [target(0, false), target(0, false)] as const
  const choose = createChooser([...targets])
  for (let i = 0; i < 4; i++) t.equal(choose(targets[1]), targets[0])
  t.ok(targets.includes(choose(undefined) as (typeof targets)[0]))
})
