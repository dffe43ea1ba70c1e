import { randomBytes } from 'node:crypto'

import type { Session } from '../src/session/session.ts'

export const sessionSecret = 'a secret that only this benchmark has, of 32 bytes or more'

/** What every gateway of the benchmarks is configured with; `maxConnections` lets thousands of streams be open. */
export const benchConfig = ({ port, originUrl }: { port: number; originUrl: string }) => ({
  server: { baseUrl: `http://localhost:${port}`, listen: { host: '127.0.0.1', port }, maxHeaderBytes: '64KiB' },
  auth0: { issuer: 'http://127.0.0.1:1/', clientId: 'bench', clientSecrets: ['bench'] },
  session: { secrets: [sessionSecret] },
  upstreams: { backstage: { url: originUrl, maxConnections: 16_384 } },
  routes: [
    { name: 'admin', path: '/api/admin/**', allow: { roles: ['platform-admin'] } },
    { name: 'everything', path: '/**', allow: 'authenticated', upstream: 'backstage' },
  ],
})

/** Sections of a gateway whose processes share sessions and keys. @param url of Redis */
export const sharedThroughRedis = (url: string) => ({
  session: { secrets: [sessionSecret], redis: { url } },
  assertion: { keys: { store: 'redis' } },
  machines: { keys: { store: 'redis' } },
  audit: { keys: { store: 'redis' } },
})

export function benchSession(): Session {
  const now = Date.now()
  return {
    id: randomBytes(16).toString('base64url'),
    issuer: 'http://127.0.0.1:1/',
    subject: 'auth0|bench',
    claims: { email: 'bench@example.com', roles: ['developer'], groups: ['web', 'platform'], permissions: [] },
    amr: ['pwd'],
    createdAt: now,
    refreshedAt: now,
    usedAt: now,
  }
}
