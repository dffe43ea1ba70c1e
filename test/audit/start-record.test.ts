import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { type ConfigOverrides, startGateway } from '../support/gateway.ts'
import { freePort } from '../support/ports.ts'
import { temporaryFolder } from './support.ts'

type Record = { event: string; process?: { secrets: string; config: string }; change?: object }

const first = 'the first secret, of at least 32 characters'
const second = 'the second secret, of at least 32 characters'
const withSecrets = (...secrets: string[]): ConfigOverrides => ({ session: { secrets } })

/** A gateway that can be started several times with one trail. */
async function startStack(t: Test) {
  const folder = await temporaryFolder(t)
  const port = await freePort()
  const path = join(folder, 'audit.jsonl')
  const auth0 = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }
  let known = 0

  /** @returns the records that a start with this configuration added to the trail */
  async function start(config: ConfigOverrides, keys = 'keys.json'): Promise<Record[]> {
    await t.test('a start', async (t) => {
      const audit = { sinks: [{ file: { path } }], keys: { store: 'file', path: join(folder, keys) } }
      await startGateway(t, { auth0, upstream: 'http://127.0.0.1:1', port, config: { audit, ...config } })
    })
    const lines = (await readFile(path, 'utf8')).trim().split('\n').slice(known)
    known += lines.length
    return lines.map((line) => JSON.parse(line))
  }

  return { start, text: () => readFile(path, 'utf8') }
}

const digestsOf = (records: readonly Record[]) => records.find(({ event }) => event === 'start')?.process
const changesOf = (records: readonly Record[]) =>
  records
    .filter(({ event }) => event === 'config' || event === 'secret')
    .map(({ event, change }) => ({ event, change }))

t.test('a start says whether secrets have changed since the previous start, and not which', async (t) => {
  const stack = await startStack(t)
  const [before, same] = [await stack.start(withSecrets(first)), await stack.start(withSecrets(first))]
  t.same([changesOf(before), changesOf(same)], [[], []])
  t.same(digestsOf(same), { ...digestsOf(before), pid: process.pid }, 'equal secrets have equal digests')

  const changed = await stack.start(withSecrets(second))
  t.match(changesOf(changed), [
    { event: 'secret', change: { action: 'changed', what: 'secrets of the configuration' } },
  ])
  t.equal(digestsOf(changed)?.config, digestsOf(before)?.config, 'the digest of the configuration is without them')
  t.not(digestsOf(changed)?.secrets, digestsOf(before)?.secrets)

  const more = await stack.start(withSecrets(second, first))
  t.match(changesOf(more).at(-1), { event: 'secret' }, 'one more secret is another set, too')
  t.notMatch(await stack.text(), /the (?:first|second) secret/)
})

t.test('a start with another configuration and the same secrets reports no change of secrets', async (t) => {
  const stack = await startStack(t)
  await stack.start(withSecrets(first))
  const records = await stack.start({ session: { secrets: [first], idleTimeout: '2h' } })
  t.match(changesOf(records), [{ event: 'config', change: { action: 'changed', what: 'configuration' } }])
  t.equal(changesOf(records).length, 1)
})

t.test('with another key a start says nothing about secrets, since digests cannot be compared', async (t) => {
  const stack = await startStack(t)
  const before = await stack.start(withSecrets(first))
  const after = await stack.start(withSecrets(first), 'other-keys.json')
  t.not(digestsOf(after)?.secrets, digestsOf(before)?.secrets, 'who does not have the key cannot try out secrets')
  t.notOk(changesOf(after).some(({ event }) => event === 'secret'))
})

t.test('a folder in place of the trail does not prevent a start: the sink reports it', async (t) => {
  const path = await temporaryFolder(t)
  const auth0 = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecret: 'none' }
  const config = { audit: { sinks: [{ file: { path } }] } }
  const { admin } = await startGateway(t, { auth0, upstream: 'http://127.0.0.1:1', port: await freePort(), config })
  t.match(
    (await admin.inject('/.stagedoor/health/ready')).body,
    /audit file [^"]*","status":"degraded","reason":"EISDIR/,
  )
})
