import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { runCommand } from '../../support/command.ts'
import { startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { temporaryFolder } from './support.ts'

t.setTimeout(300_000)

/** How long the local Auth0 still accepts the old secret after a change, as Auth0 does. */
const spreadMs = 2_000
const secretOfTheBeginning = 'stagedoor-demo-secret-for-local-use-only'

t.test('a client secret is rotated under load in three replicas, and no request fails', async (t) => {
  const folder = await temporaryFolder(t)
  const [file, state, audit] = [join(folder, 'auth0'), join(folder, 'state'), join(folder, 'audit.jsonl')]
  for (const name of [file, `${file}.next`]) await writeFile(name, secretOfTheBeginning)
  const clientSecrets = [{ $file: file }, { $file: `${file}.next` }]
  const replicas = await startReplicas(
    t,
    3,
    { refreshEvery: '1m' },
    {
      server: { workers: 2 },
      sections: {
        assertion: { keys: { store: 'redis' } },
        machines: { keys: { store: 'redis' } },
        audit: { keys: { store: 'redis' } },
      },
      clientSecrets,
      isPatient: true,
    },
  )
  const { auth0, all } = replicas
  let changedAt: number | undefined
  const { acceptedSecret } = auth0.tenant
  auth0.tenant.acceptedSecret = (client) => {
    if (client.clientId !== auth0.clientId || client.clientSecret === secretOfTheBeginning)
      return acceptedSecret(client)
    changedAt ??= performance.now()
    return performance.now() - changedAt < spreadMs ? secretOfTheBeginning : client.clientSecret
  }
  // Replicas read their files on demand.
  const tell = join(folder, 'tell-replicas')
  await writeFile(tell, `#!/bin/sh\ncat > /dev/null\nkill -HUP ${all.map((replica) => replica.pid()).join(' ')}\n`)
  await chmod(tell, 0o755)

  const cookie = await replicas.signIn()
  const counts = { requests: 0, logins: 0 }
  const failures: string[] = []
  let isOver = false
  const steadily = async (work: (turn: number) => Promise<void>): Promise<void> => {
    for (let turn = 0; !isOver; turn += 1) await work(turn).catch((error: unknown) => void failures.push(String(error)))
  }
  const load = [
    steadily(async (turn) => {
      const { status, text } = (await all[turn % all.length]?.fetch('/api/catalog', cookie)) ?? { status: 0, text: '' }
      counts.requests += 1
      if (status !== 200) failures.push(`a request got ${status}: ${text}`)
    }),
    steadily(async () => {
      await replicas.signIn('max@example.com')
      counts.logins += 1
    }),
  ]
  await until(() => counts.requests > 20 && counts.logins > 2)

  const targets = ['--to', `file:${file}`, '--to', `program:${tell}`]
  const waiting = all.flatMap(({ adminUrl }) => ['--replica', adminUrl])
  const { exitCode, err } = await runCommand(
    ['rotate', 'client-secret', ...targets, ...waiting, '--state', state, '--audit-file', audit, '--settle', '1'],
    {
      env: {
        AUTH0_ISSUER: auth0.issuer,
        AUTH0_CLIENT_ID: auth0.clientId,
        STAGEDOOR_MANAGEMENT_CLIENT_ID: auth0.management.clientId,
        STAGEDOOR_MANAGEMENT_CLIENT_SECRET: auth0.management.clientSecret,
      },
    },
  )
  const after = counts.logins
  await until(() => counts.logins > after + 2)
  isOver = true
  await Promise.all(load)

  t.equal(exitCode, 0, err)
  t.same(failures, [])
  const secret = await readFile(file, 'utf8')
  t.not(secret, secretOfTheBeginning)
  t.equal(auth0.tenant.clients[0]?.clientSecret, secret)
  for (const replica of all) t.equal((await replica.fetch('/api/catalog', cookie)).status, 200, 'the session goes on')
  t.comment(`${counts.requests} requests and ${counts.logins} logins while the secret was rotated: 0 failed`)
})
