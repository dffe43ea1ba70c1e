import { createRequire } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'

import { decodeProtectedHeader } from 'jose'
import t from 'tap'

import { exampleDirectory } from '../../scripts/backstage-setup.ts'
import { startTestKit } from './stand-in-gateway.ts'

type KeySource = (header: object, token: object) => Promise<unknown>
type KeySourceModule = { createKeySource: (jwksUri: URL) => KeySource }

const minuteMs = 60_000

/** The built module, as Backstage runs it. */
async function loadKeySource(): Promise<KeySourceModule> {
  const plugin = 'node_modules/@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
  return createRequire(import.meta.url)(join(exampleDirectory, plugin, 'dist/key-source.js'))
}

const header = decodeProtectedHeader(await (await startTestKit(t)).sign())
const { createKeySource } = await loadKeySource()

t.test('cached keys work for an hour while Stagedoor is unreachable', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const kit = await startTestKit(t)
  const header = decodeProtectedHeader(await kit.sign())
  const keyFor = createKeySource(new URL(kit.jwksUri))
  await keyFor(header, {})
  await kit.close()

  mock.timers.tick(59 * minuteMs)
  t.ok(await keyFor(header, {}), 'long after the cache has expired')
  mock.timers.tick(2 * minuteMs)
  await t.rejects(keyFor(header, {}), 'but no longer than that')
})

t.test('a first read of the keys that fails is an error', async (t) => {
  const kit = await startTestKit(t)
  await kit.close()
  await t.rejects(createKeySource(new URL(kit.jwksUri))(header, {}))
})

t.test('a key that Stagedoor no longer publishes is refused, even if it was cached', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const kit = await startTestKit(t)
  const header = decodeProtectedHeader(await kit.sign())
  const keyFor = createKeySource(new URL(kit.jwksUri))
  await keyFor(header, {})
  await kit.rotateKey()
  mock.timers.tick(11 * minuteMs)
  await t.rejects(keyFor(header, {}), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})
