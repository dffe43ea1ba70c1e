import { createRequire } from 'node:module'
import { join } from 'node:path'
import { mock } from 'node:test'

import { decodeProtectedHeader } from 'jose'
import t from 'tap'

import { ensureBackstage, exampleDirectory } from '../../scripts/backstage-setup.ts'
import { createSigner, goodClaims, sign, startKeyServer } from './stand-in-gateway.ts'

type KeySource = (header: object, token: object) => Promise<unknown>
type KeySourceModule = { createKeySource: (jwksUri: URL) => KeySource }

const minuteMs = 60_000
const signer = await createSigner()
const header = decodeProtectedHeader(await sign(signer, goodClaims()))

/** The built module, as Backstage runs it. */
async function loadKeySource(t: { setTimeout: (ms: number) => void }): Promise<KeySourceModule> {
  t.setTimeout(900_000)
  await ensureBackstage({ log: () => {} })
  const plugin = 'node_modules/@stagedoor/backstage-plugin-auth-backend-module-stagedoor-provider'
  return createRequire(import.meta.url)(join(exampleDirectory, plugin, 'dist/key-source.js'))
}

const { createKeySource } = await loadKeySource(t)

t.test('keys that were read once serve while Stagedoor cannot be reached, for an hour', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const server = await startKeyServer(t, [signer])
  const keyFor = createKeySource(new URL(server.url))
  await keyFor(header, {})
  server.close()

  mock.timers.tick(59 * minuteMs)
  t.ok(await keyFor(header, {}), 'long after the cache has expired')
  mock.timers.tick(2 * minuteMs)
  await t.rejects(keyFor(header, {}), 'but no longer than that')
})

t.test('keys that were never read are an error', async (t) => {
  const server = await startKeyServer(t, [])
  server.close()
  await t.rejects(createKeySource(new URL(server.url))(header, {}))
})

t.test('a key that Stagedoor no longer publishes is refused, however well it was known', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const published = [signer]
  const server = await startKeyServer(t, published)
  const keyFor = createKeySource(new URL(server.url))
  await keyFor(header, {})
  published.splice(0, 1, await createSigner())
  mock.timers.tick(11 * minuteMs)
  await t.rejects(keyFor(header, {}), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})
