import t from 'tap'

import { contradictions } from '../../src/config/cross-checks.ts'
import type { Config } from '../../src/config/schema.ts'

const server = {
  listen: { host: '127.0.0.1', port: 8080 },
  admin: { host: '127.0.0.1', port: 9464 },
  trustedProxies: [] as string[],
} as unknown as Config['server']

t.test('a proxy at the other end of a Unix socket is trusted only where there is such a socket', async (t) => {
  const trusting = { ...server, trustedProxies: ['10.0.0.0/8', 'unix'] }
  t.match(contradictions({ server: trusting }), [
    { path: ['server', 'trustedProxies', 1], fix: /server\.listen\.path/ },
  ])
  t.same(contradictions({ server: { ...trusting, listen: { ...server.listen, path: '/run/stagedoor.sock' } } }), [])
})

t.test('two listeners cannot share a port, unless the system chooses or one is a Unix socket', async (t) => {
  const ports = (port: number, adminPort: number, path?: string) => ({
    ...server,
    listen: { ...server.listen, port, ...(path && { path }) },
    admin: { ...server.admin, port: adminPort },
  })
  t.match(contradictions({ server: ports(8080, 8080) }), [{ path: ['server', 'admin', 'port'] }])
  t.same(contradictions({ server: ports(8080, 9464) }), [])
  t.same(contradictions({ server: ports(0, 0) }), [])
  t.same(contradictions({ server: ports(8080, 8080, '/run/stagedoor.sock') }), [])
})
