import t from 'tap'

import type { Me, MeAnswer } from '../../plugins/app-module-stagedoor/src/me.ts'
import { createSessionGuard } from '../../plugins/app-module-stagedoor/src/session-guard.ts'

const hourMs = 3_600_000

function answerFor(sub: string, endsAt?: number): MeAnswer {
  const me: Me = {
    sub,
    name: sub,
    email: undefined,
    organization: undefined,
    roles: [],
    groups: [],
    permissions: [],
    signedInAt: undefined,
    expiresAt: undefined,
    endsAt,
  }
  return { kind: 'signed-in', me }
}

/** A guard in a browser without clock and network. `tick` advances the time. */
function startGuard({ me = answerFor('jane'), mayOpenWindow = true }: { me?: MeAnswer; mayOpenWindow?: boolean } = {}) {
  const world = { me, asked: 0, now: 0, opened: [] as unknown[], left: [] as unknown[], announced: [] as string[] }
  let timers: { at: number; task: () => void }[] = []
  const guard = createSessionGuard({
    async readMe() {
      world.asked += 1
      return world.me
    },
    openLogin(loginUrl) {
      world.opened.push(loginUrl)
      return mayOpenWindow
    },
    leaveForLogin: (loginUrl) => void world.left.push(loginUrl),
    leaveForLogout: () => void world.left.push('logout'),
    announce: (event) => void world.announced.push(event),
    now: () => world.now,
    setTimer(task, delayMs) {
      const timer = { at: world.now + delayMs, task }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
  })
  function tick(ms: number): void {
    const end = world.now + ms
    for (let due = dueBy(end); due !== undefined; due = dueBy(end)) {
      timers = timers.filter((timer) => timer !== due)
      world.now = due.at
      due.task()
    }
    world.now = end
  }
  const dueBy = (end: number) => timers.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= end)
  return { guard, world, tick }
}

/** Lets pending promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
const over = { kind: 'session-over' } as const
const stepUp = { kind: 'step-up', loginUrl: '/login?x' } as const

async function endSession({ guard, world }: ReturnType<typeof startGuard>) {
  world.me = { kind: 'signed-out' }
  const waiting = guard.settle(over)
  await settled()
  return waiting
}

t.test('concurrent challenged calls cause one check and one dialog, and a login resumes all of them', async (t) => {
  const { guard, world } = startGuard()
  await guard.start()
  world.me = { kind: 'signed-out' }
  const waiting = Promise.all([guard.settle(over), guard.settle(over), guard.settle(over)])
  await settled()
  t.same(guard.current(), { kind: 'over', cause: 'expired', isDismissed: false, isPopupBlocked: false })
  t.equal(world.asked, 2)
  const late = [guard.settle(over), guard.pass()]
  await settled()
  t.equal(world.asked, 2, 'while it is over nobody asks')

  guard.signInAgain()
  world.me = answerFor('jane')
  await guard.hear('signed-in')
  t.same(await waiting, ['retry', 'retry', 'retry'])
  t.same(await Promise.all(late), ['retry', 'retry'])
  t.equal(guard.current(), undefined)
  t.equal(guard.logins(), 1)
  t.same(world.opened, [undefined])
})

t.test('a call challenged just before a new login is sent at once, without a dialog', async (t) => {
  const { guard } = startGuard()
  t.equal(await guard.settle(over), 'retry')
  t.equal(guard.current(), undefined)
})

t.test('an error of the session check signs no one out', async (t) => {
  const { guard } = startGuard({ me: { kind: 'unknown' } })
  t.equal(await guard.settle(over), 'give-up')
  t.equal(guard.current(), undefined)
})

t.test('a person who declines the login keeps the page, and calls fail at once until a login', async (t) => {
  const { guard, world } = startGuard()
  world.me = { kind: 'signed-out' }
  const waiting = guard.settle(over)
  await settled()
  guard.dismiss()
  t.equal(await waiting, 'give-up')
  t.match(guard.current(), { kind: 'over', isDismissed: true })
  t.same(await Promise.all([guard.pass(), guard.settle(over)]), ['give-up', 'give-up'])
  world.me = answerFor('jane')
  await guard.recheck()
  t.equal(guard.current(), undefined, 'a login in another tab counts')
  t.equal(guard.logins(), 1)
  t.equal(await guard.pass(), 'retry')
})

t.test('a login as a different person reloads the page and resumes no call', async (t) => {
  const { guard, world } = startGuard()
  await guard.start()
  world.me = answerFor('max')
  const calls = [guard.settle(over), guard.hear('signed-in'), guard.recheck()].map((call) =>
    call?.then(() => 'went on'),
  )
  await settled()
  t.same(guard.current(), { kind: 'other-user', name: 'max' })
  guard.dismiss()
  void guard.hear('signed-out')
  t.same(guard.current(), { kind: 'other-user', name: 'max' })
  const first = await Promise.race([calls[0], calls[1], guard.pass(), settled().then(() => 'waits')])
  t.equal(first, 'waits')
})

t.test('concurrent calls ask for one second factor, and its login resumes all of them', async (t) => {
  const { guard, world } = startGuard()
  const waiting = Promise.all([guard.settle(stepUp), guard.settle(stepUp)])
  t.match(guard.current(), { kind: 'step-up', loginUrl: '/login?x' })
  t.equal(await guard.pass(), 'retry', 'other calls go on meanwhile')
  guard.signInAgain()
  t.same(world.opened, ['/login?x'])
  guard.signInHere()
  t.same(world.left, ['/login?x'])
  await guard.hear('signed-in')
  t.same(await waiting, ['retry', 'retry'])
  t.equal(guard.current(), undefined)
  t.equal(guard.logins(), 1)

  const cancelled = guard.settle(stepUp)
  guard.dismiss()
  t.equal(await cancelled, 'give-up')
})

t.test(
  'a call that waits for a second factor is sent again after a login for a session that ended meanwhile',
  async (t) => {
    const { guard, world } = startGuard()
    const waiting = guard.settle(stepUp)
    world.me = { kind: 'signed-out' }
    await guard.suspect()
    t.match(guard.current(), { kind: 'over' }, 'one dialog takes the place of the other')
    world.me = answerFor('jane')
    await guard.recheck()
    t.equal(guard.current(), undefined, 'by a login in another tab')
    t.equal(await Promise.race([waiting, settled().then(() => 'waits')]), 'retry')
  },
)

t.test('a login window without a login changes nothing', async (t) => {
  const { guard, world } = startGuard()
  const waiting = guard.settle(stepUp)
  world.me = { kind: 'unknown' }
  await guard.hear('signed-in')
  t.match(guard.current(), { kind: 'step-up' })
  t.equal(guard.logins(), 0)
  guard.dismiss()
  t.equal(await waiting, 'give-up')
})

t.test('a browser that blocks the window offers a choice before the page is left', async (t) => {
  const started = startGuard({ mayOpenWindow: false })
  const { guard, world } = started
  void endSession(started)
  await settled()
  guard.signInAgain()
  t.match(guard.current(), { kind: 'over', isPopupBlocked: true })
  t.same(world.left, [])
  guard.dismiss()
  guard.signInAgain()
  t.match(guard.current(), { isDismissed: false }, 'the dialog says why nothing happens')
  guard.signInHere()
  t.same(world.left, [undefined])
})

t.test('a person is warned once, five minutes before the end, and notified at the end', async (t) => {
  const { guard, world, tick } = startGuard({ me: answerFor('jane', 12 * hourMs) })
  const shown: unknown[] = []
  const unsubscribe = guard.subscribe(() => shown.push(guard.current()?.kind))
  await guard.start()
  tick(12 * hourMs - 300_001)
  t.same(shown, [])
  tick(1)
  t.same(guard.current(), { kind: 'ending', endsAt: 12 * hourMs })
  await guard.start()
  t.match(guard.current(), { kind: 'ending' }, 'asking again does not take the warning away')
  guard.dismiss()
  tick(200_000)
  t.equal(guard.current(), undefined, 'nor bring it back')
  world.me = { kind: 'signed-out' }
  tick(100_000)
  await settled()
  t.match(guard.current(), { kind: 'over' })
  unsubscribe()
  world.me = answerFor('jane', 30 * hourMs)
  await guard.hear('signed-in')
  t.equal(shown.at(-1), 'over', 'nobody listens any more')
})

t.test('a new login before the end removes the warning', async (t) => {
  const { guard, world } = startGuard({ me: answerFor('jane', 200_000) })
  await guard.start()
  t.match(guard.current(), { kind: 'ending' })
  guard.signInAgain()
  world.me = answerFor('jane', 12 * hourMs)
  await guard.hear('signed-in')
  t.equal(guard.current(), undefined)
  t.equal(guard.me()?.endsAt, 12 * hourMs)
})

t.test('a page that becomes visible checks the session at most once a minute', async (t) => {
  const { guard, world } = startGuard()
  await guard.start()
  world.now = 60_000
  await guard.recheck()
  t.equal(world.asked, 1)
  world.now = 60_001
  await guard.recheck()
  t.equal(world.asked, 2)
})

t.test('a page part that fails to load triggers a check of the session', async (t) => {
  const { guard, world } = startGuard()
  await guard.suspect()
  t.equal(guard.current(), undefined)
  world.me = { kind: 'signed-out' }
  await guard.suspect()
  await guard.suspect()
  t.match(guard.current(), { kind: 'over' })
  t.equal(world.asked, 2)
})

t.test('signing out opens the logout page and notifies the other tabs', async (t) => {
  const { guard, world } = startGuard()
  const left = await Promise.race([guard.signOut(), settled().then(() => 'still leaving')])
  t.equal(left, 'still leaving', 'Backstage would go to its own page otherwise')
  t.match(world, { announced: ['signed-out'], left: ['logout'] })

  const other = startGuard()
  await other.guard.hear('signed-out')
  t.match(other.guard.current(), { kind: 'over', cause: 'signed-out' })
})

t.test('without a notice dismissing does nothing, and login still opens', async (t) => {
  const { guard, world } = startGuard({ mayOpenWindow: false })
  guard.dismiss()
  guard.signInAgain()
  guard.signInHere()
  t.same([world.opened, world.left], [[undefined], [undefined]])
})

t.test('the end of the session takes precedence over a second factor', async (t) => {
  const started = startGuard()
  void endSession(started)
  await settled()
  void started.guard.settle(stepUp)
  t.match(started.guard.current(), { kind: 'over' })
})

t.test('after a warning, a blocked window leads to login on the page', async (t) => {
  const { guard, world } = startGuard({ me: answerFor('jane', 200_000), mayOpenWindow: false })
  await guard.start()
  guard.signInAgain()
  t.same(world.left, [undefined])
})

t.test('a browser that blocks the window for a second factor offers the same choice', async (t) => {
  const { guard } = startGuard({ mayOpenWindow: false })
  void guard.settle(stepUp)
  guard.signInAgain()
  t.match(guard.current(), { kind: 'step-up', isPopupBlocked: true })
})

t.test('a page that has nothing to lose is left for what Stagedoor asks: the second factor, or a login', async (t) => {
  const { guard, world } = startGuard()
  guard.leaveFor(stepUp)
  guard.leaveFor(over)
  t.same(world.left, [stepUp.loginUrl, undefined])
})
