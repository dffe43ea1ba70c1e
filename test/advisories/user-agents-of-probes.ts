import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startHouse } from '../support/house.ts'

t.test('no User-Agent opens a door (CVE-2026-34457)', async (t) => {
  const house = await startHouse(t, { config: { server: { trustedProxies: ['127.0.0.0/8'] } } })
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0', 'Stagedoor']) {
    for (const path of ['/', '/api/catalog', '/.stagedoor/auth']) {
      const headers = { 'user-agent': agent, 'x-original-uri': '/api/catalog', 'x-original-method': 'GET' }
      t.equal((await createBrowser().fetch(house.url + path, { headers })).status, 401, `${agent} ${path}`)
    }
  }
  t.equal(house.origin.seen.length, 0)
})
