import t from 'tap'

import { createLoginAttempts } from '../../plugins/app-module-stagedoor/src/login-attempts.ts'

function startAttempts(stored?: string) {
  const clock = { now: 1_000_000 }
  const values = new Map(stored === undefined ? [] : [['stagedoor.login-attempts', stored]])
  const store = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  }
  return { clock, attempts: createLoginAttempts(store, () => clock.now) }
}

t.test('a page redirects to login by itself at most three times a minute', async (t) => {
  const { attempts, clock } = startAttempts()
  const leave = () => attempts.mayLeave()
  t.same([leave(), leave(), leave(), leave()], [true, true, true, false])
  clock.now += 60_000
  t.equal(leave(), true)
})

t.test('a successful sign-in resets the attempts', async (t) => {
  const { attempts } = startAttempts()
  for (let i = 0; i < 4; i += 1) attempts.mayLeave()
  attempts.forget()
  t.equal(attempts.mayLeave(), true)
})

t.test('unreadable stored attempts are ignored', async (t) => {
  for (const stored of ['no JSON', '{}', '["yesterday"]']) t.equal(startAttempts(stored).attempts.mayLeave(), true)
})
