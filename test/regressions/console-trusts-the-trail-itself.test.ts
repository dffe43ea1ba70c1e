import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { signCheckpoint } from '../../src/audit/checkpoint-jws.ts'
import { checkpointKey, decided, epoch, temporaryFolder } from '../audit/support.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'

/** A history that an attacker signed with their own key and that names this key as a gateway's history does. */
function historyOfAStranger(): string {
  const { kid, privateKey, publicJwk } = checkpointKey()
  const chain = createChain('stranger')
  const change = { what: 'audit', action: 'in-use', id: kid, jwk: publicJwk }
  const lines = [chain.append({ event: 'key', change }, epoch), chain.append(decided, epoch)]
  lines.push(chain.append({ event: 'stop' }, epoch))
  const checkpoint = signCheckpoint({ ...chain.head(), at: epoch }, { kid, privateKey })
  lines.push(chain.append({ event: 'checkpoint', checkpoint }, epoch))
  return `${lines.join('\n')}\n`
}

/** With keys in Redis, the console trusted the keys that the trail names, although it has every key that ever signed. */
t.test('with keys in Redis, the console refuses a history signed by a foreign key', async (t) => {
  const path = join(await temporaryFolder(t), 'audit.jsonl')
  await writeFile(path, historyOfAStranger())
  const { url } = await startRedis(t)
  const audit = { sinks: [{ file: { path } }], keys: { store: 'redis' } }
  const stack = await startStack(t, { config: { audit, session: { redis: { url } } } })
  const { browser } = await stack.signIn()
  const page = await browser.open(`${stack.url}/.stagedoor/admin/audit`)
  t.match(page.text, /The trail is not whole: 1 fault[^]*which is no trusted key/)
})
