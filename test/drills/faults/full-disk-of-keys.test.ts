import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { decodeProtectedHeader } from 'jose'
import t from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'

import { repositoryRoot } from '../../../scripts/testing/command.ts'
import { generateStoredKey, type KeyRing } from '../../../src/assertion/key-rotation.ts'
import { temporaryFolder } from '../../audit/support.ts'
import { machinesIn, machineToken } from '../../support/machine.ts'
import { noMounts, withMounts } from '../../support/mount-namespace.ts'
import { type Replica, type Replicas, startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { drillSeconds, startReport } from '../support.ts'

const eightDaysMs = 8 * 86_400_000

/** A disk of 64 KiB at `folder`, filled to the last byte. */
const fullDiskAt = (folder: string, seed: string) => `
mount -t tmpfs -o size=64k tmpfs ${folder}
cp -p ${seed}/* ${folder}/ 2>/dev/null || true
head -c 100k /dev/zero > ${folder}/filler 2>/dev/null || true`

t.test('a start that has to create keys on a full disk fails with that reason', { skip: noMounts }, async (t) => {
  const folder = await temporaryFolder(t)
  const { disk, seed } = await makeFolders(folder)
  const file = join(folder, 'stagedoor.yaml')
  const config = {
    server: { baseUrl: 'http://localhost:9', listen: { host: '127.0.0.1', port: 0 }, admin: { port: 0 } },
    auth0: { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecrets: ['none'] },
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: 'http://127.0.0.1:1' } },
    assertion: { keys: { store: 'file', path: join(disk, 'keys.json') } },
    routes: [{ name: 'everything', path: '/**', allow: 'authenticated' }],
  }
  await writeFile(file, stringify(config))
  const list = `trap 'ls -A ${disk} > ${folder}/left' EXIT`
  const [command = '', ...launcher] = withMounts(`${fullDiskAt(disk, seed)}\n${list}\n"$@"\nexit`)
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', 'src/cli/main.ts', 'start', '--config', file]
  const child = spawn(command, [...launcher, ...node], { cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  t.equal(code, 1)
  t.match(said, `${disk}/keys.json cannot be written: ENOSPC`)
  t.match(said, 'free some space, or name a file on another disk')
  t.equal(await readFile(join(folder, 'left'), 'utf8'), 'filler\n', 'no part of a file is left')
})

t.test(
  'keys that cannot be rotated on a full disk keep signing, and the next key takes over once there is space',
  { skip: noMounts, timeout: 600_000 },
  async (t) => {
    const folder = await temporaryFolder(t)
    const { disk, seed } = await makeFolders(folder)
    const ring: KeyRing = {
      current: await generateStoredKey(),
      next: await generateStoredKey(),
      rotatedAt: Date.now() - eightDaysMs,
    }
    await writeFile(join(seed, 'keys.json'), JSON.stringify(ring), { mode: 0o600 })
    const log = join(folder, 'log')
    const stack = await startReplicas(
      t,
      1,
      {},
      {
        launcher: withMounts(`${fullDiskAt(disk, seed)}\nexec >> ${log}`),
        sections: {
          assertion: { keys: { store: 'file', path: join(disk, 'keys.json') } },
          machines: machinesIn,
          admin: { allow: { subjects: ['stagedoor-machine@clients'] } },
        },
      },
    )
    const [replica] = stack.all
    if (replica === undefined) throw new Error('no gateway')
    const cookie = await stack.signIn()
    const report = startReport(t, 'full disk for keys')
    report.faults += 1
    const kid = async (): Promise<unknown> => {
      report.requests += 1
      return signerOf(replica, cookie)
    }
    const seen = `/proc/${replica.pid()}/root${disk}`

    t.equal(await kid(), ring.current.kid, 'the gateway serves, with the key that it has')
    await until(async () => (await conditionOf(replica)) === 'degraded')
    t.match(
      await (await request(`${replica.adminUrl}/metrics`)).body.text(),
      'stagedoor_condition_ok{name="signing-keys"} 0',
    )
    t.match(await readFile(log, 'utf8'), /keys\.json cannot be written: ENOSPC.*the signing key could not be rotated/)
    t.match(await rotate(stack), { status: 503, body: { code: 'STAGEDOOR_ADMIN_KEYS_NOT_KEPT' } })
    t.same((await readdir(seen)).toSorted(), ['filler', 'keys.json'], 'no part of a file is left')
    t.same(JSON.parse(await readFile(join(seen, 'keys.json'), 'utf8')), ring, 'the file is as it was')
    t.equal(await kid(), ring.current.kid)

    await rm(join(seen, 'filler'))
    // The gateway retries by itself within a minute.
    if (drillSeconds <= 10) t.equal((await rotate(stack)).status, 200)
    await until(async () => (await conditionOf(replica)) === 'ok')
    const kept = JSON.parse(await readFile(join(seen, 'keys.json'), 'utf8')) as KeyRing
    t.equal(kept.current.kid, ring.next.kid, 'the key that was published before signs now')
    t.equal(kept.previous?.kid, ring.current.kid, 'and the former one is still published')
    const another = await stack.signIn('max@example.com')
    t.equal(await signerOf(replica, another), ring.next.kid)
    t.equal((await replica.fetch('/', cookie)).status, 200, 'the session is where it was')
  },
)

async function makeFolders(folder: string): Promise<{ disk: string; seed: string }> {
  const [disk, seed] = [join(folder, 'disk'), join(folder, 'seed')]
  await Promise.all([mkdir(disk), mkdir(seed)])
  return { disk, seed }
}

/** The key that signed the assertion that the upstream received. */
async function signerOf(replica: Replica, cookie: string): Promise<unknown> {
  const { headers } = JSON.parse((await replica.fetch('/', cookie)).text) as { headers: Record<string, string> }
  return decodeProtectedHeader(headers['x-stagedoor-assertion'] ?? '').kid
}

async function conditionOf({ adminUrl }: Replica): Promise<unknown> {
  const answer = await request(`${adminUrl}/.stagedoor/health/ready`)
  const { conditions } = (await answer.body.json()) as { conditions: { name: string; status: string }[] }
  return conditions.find(({ name }) => name === 'signing-keys')?.status
}

async function rotate({ all, auth0 }: Replicas): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await request(`${all[0]?.url}/.stagedoor/admin/keys/rotate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${machineToken(auth0)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ purpose: 'assertion' }),
  })
  return { status: statusCode, body: await body.json() }
}
