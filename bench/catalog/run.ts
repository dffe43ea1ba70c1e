/**
 * The catalog's import of a large Auth0 tenant: complete, how long, how much memory. Options: `--users 100000`,
 * `--calls-per-minute 2000` (the stand-in's rate limit).
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { ensureBackstage } from '../../scripts/backstage-setup.ts'
import type { ImportMessage } from './importer.ts'

const { values } = parseArgs({
  options: { users: { type: 'string', default: '100000' }, 'calls-per-minute': { type: 'string', default: '2000' } },
})
const syntheticUsers = Number(values.users)

await ensureBackstage({ log: console.log })
const auth0 = await startLocalAuth0({
  syntheticUsers,
  settings: { managementCallsPerMinute: Number(values['calls-per-minute']) },
})
const tenant = JSON.stringify({ issuer: auth0.issuer, ...auth0.management })
// A process of its own: its memory is the import's alone.
const importer = fork(join(import.meta.dirname, 'importer.ts'), [tenant], {
  execArgv: ['--disable-warning=ExperimentalWarning'],
})

let hasFailed = false
importer.on('message', (message: ImportMessage) => {
  if (message.kind === 'report') return report(message)
  if (message.users < syntheticUsers / 2 || hasFailed) return
  hasFailed = true
  auth0.switches.failNext('/api/v2/users', [429, 500])
})

const [exitCode] = await once(importer, 'exit')
await auth0.close()
process.exitCode = exitCode === 0 ? process.exitCode : 1

function report({
  round,
  users,
  groups,
  removed,
  distinctUsers,
  calls,
  retries,
  seconds,
  peakMegabytes,
}: Report): void {
  const expected = auth0.users.length
  const isComplete = distinctUsers === expected && users === expected && removed === 0
  if (!isComplete) process.exitCode = 1
  console.log(
    `${round}: ${distinctUsers} of ${expected} users${isComplete ? '' : ' (INCOMPLETE)'}, ${groups} groups, ` +
      `${calls} calls, ${retries} tries repeated, ${seconds} s, peak memory ${peakMegabytes} MB`,
  )
}

type Report = Extract<ImportMessage, { kind: 'report' }>
