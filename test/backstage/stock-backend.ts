import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Test } from 'tap'

import { startBackend } from '../../scripts/backstage-backend.ts'
import { freePort } from '../support/ports.ts'

/** Modules of Backstage itself that a new backend includes. */
export const allowAllPolicy = '@backstage/plugin-permission-backend-module-allow-all-policy'
export const guestProvider = '@backstage/plugin-auth-backend-module-guest-provider'

/** A token for calls as a known service, which need no auth provider. */
export const serviceToken = 'a-service-token-of-backstage-itself'

/** Backstage's own plugins and the named modules, with the minimal configuration that Backstage needs and `config`. */
export async function startStockBackend(t: Test, modules: readonly string[], config: object) {
  const port = await freePort()
  const backend = await startBackend({
    entry: 'backend/alone.ts',
    port,
    configFiles: [await writeConfig(t, { app, ...leastConfig(port), ...config })],
    environment: { BACKEND_MODULES: modules.join(' ') },
  })
  t.teardown(() => backend.close())

  async function call(path: string, init: RequestInit = {}) {
    const response = await fetch(`${backend.url}${path}`, init)
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  return {
    url: backend.url,
    call,
    callWith: async (token: string, path: string, body?: object) =>
      call(path, {
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      }),
  }
}

const app = { baseUrl: 'http://backstage.localhost' }

function leastConfig(port: number): object {
  return {
    backend: {
      baseUrl: `http://127.0.0.1:${port}`,
      listen: { host: '127.0.0.1', port },
      database: { client: 'better-sqlite3', connection: ':memory:' },
      auth: { externalAccess: [{ type: 'static', options: { token: serviceToken, subject: 'test' } }] },
    },
    // An open request would keep Backstage from stopping.
    events: { useEventBus: 'never' },
    permission: { enabled: true },
  }
}

async function writeConfig(t: Test, config: object): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stagedoor-backstage-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'app-config.yaml')
  await writeFile(file, JSON.stringify(config))
  return file
}
