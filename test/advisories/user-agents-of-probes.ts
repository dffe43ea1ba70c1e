import t from 'tap'

import { createBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'

t.test('no User-Agent grants access (CVE-2026-34457)', async (t) => {
  const stack = await startStack(t, { config: { server: { trustedProxies: ['127.0.0.0/8'] } } })
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0', 'Stagedoor']) {
    for (const path of ['/', '/api/catalog', '/.stagedoor/auth']) {
      const headers = { 'user-agent': agent, 'x-original-uri': '/api/catalog', 'x-original-method': 'GET' }
      t.equal((await createBrowser().fetch(stack.url + path, { headers })).status, 401, `${agent} ${path}`)
    }
  }
  t.equal(stack.origin.seen.length, 0)
})
