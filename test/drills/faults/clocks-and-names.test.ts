import t from 'tap'

import { createBrowser } from '../../support/browser.ts'
import { startHouse } from '../../support/house.ts'
import { startReport } from '../support.ts'

const hourMs = 3_600_000

t.test('whatever the clock does, an answer is an answer, and a session that is over stays over', async (t) => {
  let now = Date.now()
  const house = await startHouse(t, {
    now: () => now,
    config: { session: { absoluteTimeout: '12h', idleTimeout: '12h' } },
  })
  const report = startReport(t, 'clock jumps')
  const { browser } = await house.signIn()
  const kept = browser.cookiesOf(house.url).get('stagedoor') ?? ''
  const jumps = [0.5, -0.5, -2, 2, 0.001, 5, -5, 1, -1]
  for (const hours of jumps) {
    now += hours * hourMs
    const page = await browser.fetch(`${house.url}/`)
    t.ok([200, 401, 503].includes(page.status), `${hours} h: ${page.status}`)
    report.faults += 1
    report.requests += 1
  }
  now = Date.now() + 13 * hourMs
  const late = await createBrowser().fetch(`${house.url}/`, { headers: { cookie: `stagedoor=${kept}` } })
  t.equal(late.status, 401, 'after its absolute limit')
  now = Date.now()
  t.equal((await house.signIn()).page.status, 200, 'with the right time a login goes through')
})

t.test('a name that cannot be resolved is a 502 and a page, and others are served', async (t) => {
  const house = await startHouse(t, {
    config: {
      upstreams: { backstage: { url: 'http://backstage.invalid' }, other: { url: 'http://127.0.0.1:1' } },
      routes: [{ name: 'public', path: '/**', allow: 'public' }],
    },
  })
  const report = startReport(t, 'names that do not resolve')
  for (let turn = 0; turn < 5; turn += 1) {
    const page = await createBrowser().fetch(`${house.url}/${turn}`)
    t.match(page, { status: 502, text: /STAGEDOOR_PROXY_/ })
    report.requests += 1
    report.faults += 1
  }
  t.equal((await createBrowser().fetch(`${house.url}/.stagedoor/health/live`)).status, 200)
})

t.test('a login service whose name cannot be resolved: sessions go on, a login gets a page that says so', async (t) => {
  let isGone = false
  const failing: typeof fetch = (input, init) => {
    if (isGone)
      return Promise.reject(
        new TypeError('fetch failed', {
          cause: Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }),
        }),
      )
    return fetch(input, init)
  }
  const house = await startHouse(t, { fetch: failing })
  const { browser } = await house.signIn()
  isGone = true
  t.equal((await browser.fetch(`${house.url}/`)).status, 200)
  const login = await createBrowser().open(`${house.url}/`)
  t.ok([302, 503, 200].includes(login.status), `${login.status}`)
  t.not(login.status, 500)
})
