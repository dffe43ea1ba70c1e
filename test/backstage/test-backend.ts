import { createRequire } from 'node:module'
import { join } from 'node:path'

import type { Test } from 'tap'

import { ensurePackagesBuilt, exampleDirectory } from '../../scripts/backstage-setup.ts'

type Feature = object
type WithFactory = { factory: (options?: object) => Feature }
export type Credentials = { principal: object }
type CreateKnex = (options: object) => { destroy: () => Promise<void> }
type ExtensionPoint = readonly [extensionPoint: unknown, implementation: object]

/** The part of `@backstage/backend-test-utils` that these tests use. Its `.mock()` functions need Jest, so nothing here calls them. */
type TestUtils = {
  startTestBackend: (options: {
    features: readonly Feature[]
    extensionPoints?: readonly ExtensionPoint[]
  }) => Promise<{ server: { port: () => number }; stop: () => Promise<void> }>
  mockServices: {
    rootConfig: WithFactory
    userInfo: (info: object) => object
    database: WithFactory
    scheduler: () => WithFactory & { triggerTask: (id: string) => Promise<void> }
  }
  mockCredentials: {
    user: ((entityRef?: string) => Credentials) & { header: (entityRef?: string) => string }
    service: ((subject?: string) => Credentials) & { header: () => string }
  }
}

/** A module of the example Backstage: Backstage's own, or ours as delivered. */
export const requireInstalled = createRequire(join(exampleDirectory, 'package.json'))

/** Backstage's own test utilities. The first call installs and builds Backstage. */
export async function loadTestUtils(t: Pick<Test, 'comment' | 'setTimeout'>): Promise<TestUtils> {
  t.setTimeout(900_000)
  await ensurePackagesBuilt({ log: (line) => t.comment(line) })
  return requireInstalled('@backstage/backend-test-utils') as TestUtils
}

/** The feature that `backend.add(import(…))` accepts. */
export function featureOf(name: string): Feature {
  return (requireInstalled(name) as { default: Feature }).default
}

/**
 * A backend in this process with these features, and Backstage's mocks for every service that they lack. It stops
 * when the test ends.
 */
export async function startTestBackend(
  t: Test,
  features: readonly Feature[],
  options: { config?: object; extensionPoints?: readonly ExtensionPoint[] } = {},
) {
  const { startTestBackend: start, mockServices } = await loadTestUtils(t)
  const { config = {}, extensionPoints = [] } = options
  const knex = (requireInstalled('knex') as CreateKnex)({
    client: 'better-sqlite3',
    connection: ':memory:',
    useNullAsDefault: true,
  })
  // Backstage leaves the pool of its own database open, which would keep this process alive.
  t.teardown(() => knex.destroy())
  const backend = await start({
    features: [
      ...features,
      mockServices.rootConfig.factory({ data: { app: { baseUrl: 'http://backstage.localhost' }, ...config } }),
      mockServices.database.factory({ knex }),
    ],
    extensionPoints,
  })
  t.teardown(() => backend.stop())
  const url = `http://localhost:${backend.server.port()}`
  return {
    async call(path: string, init: RequestInit = {}) {
      const response = await fetch(`${url}${path}`, init)
      return { status: response.status, body: JSON.parse(await response.text()) }
    },
  }
}
