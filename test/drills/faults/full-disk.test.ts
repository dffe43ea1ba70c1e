import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'

import { repositoryRoot } from '../../../scripts/testing/command.ts'
import { endWithUs } from '../../support/children.ts'
import { startOrigin } from '../../support/origin.ts'
import { freePort } from '../../support/ports.ts'
import { until } from '../../support/until.ts'
import { startReport } from '../support.ts'

/** The kernel limits every file of the process to this size (`RLIMIT_FSIZE`), as on a full disk. */
const maxFileBytes = 40_000
/** With the signal handled, a write beyond the limit fails, as on a full disk. */
const handled = `data:text/javascript,process.on('SIGXFSZ', () => undefined)`

t.test(
  'once the disk is full every admin action has its record or is refused, and reads go on',
  { timeout: 600_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'stagedoor-disk-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const trail = join(folder, 'trail.jsonl')
    const origin = await startOrigin(t)
    const port = await startLimited(origin.url, folder, trail, (child) => t.teardown(() => child.kill('SIGKILL')))
    const report = startReport(t, 'full disk')
    const statuses: number[] = []
    for (let turn = 0; turn < 800; turn += 1) {
      const answer = await request(`http://127.0.0.1:${port}/actions/${turn}`, { method: 'POST' })
      await answer.body.dump()
      statuses.push(answer.statusCode)
      report.requests += 1
      // Continue after the trail is full, so that the log fills, too.
      if (statuses.slice(-60).every((status) => status === 503) && statuses.length > 60) break
    }
    report.faults = 1
    t.match(
      statuses.slice(-20),
      Array.from({ length: 20 }, () => 503),
      'all are refused in the end',
    )
    t.ok(statuses.filter((status) => status === 200).length > 5, 'before they passed')
    t.same([...new Set(statuses)], [200, 503])
    const recorded = new Set(
      [...readFileSync(trail, 'utf8').matchAll(/"path":"(\/actions\/\d+)"/g)].map(([, path]) => path),
    )
    const unrecorded = origin.seen.filter(({ url }) => !recorded.has(url)).map(({ url }) => url)
    const reading = await request(`http://127.0.0.1:${port}/public/x`)
    await reading.body.dump()
    t.equal(reading.statusCode, 200, 'reading goes on')
    t.match(readFileSync(join(folder, 'stderr'), 'utf8'), 'log lines could not be written: EFBIG')
    t.same(unrecorded, [], `${origin.seen.length} requests reached the upstream, each on record`)
  },
)

/** Starts the gateway as a process with limited files. */
async function startLimited(
  upstream: string,
  folder: string,
  trail: string,
  onStart: (child: ChildProcess) => void,
): Promise<number> {
  const port = await freePort()
  const baseUrl = `http://localhost:${port}`
  const auth0 = { issuer: 'http://127.0.0.1:1/', clientId: 'none', clientSecrets: ['none'] }
  const file = join(folder, 'stagedoor.yaml')
  const config = {
    server: { baseUrl, listen: { host: '127.0.0.1', port }, admin: { port: await freePort() } },
    auth0,
    session: { secrets: ['a secret for tests, at least 32 characters'] },
    upstreams: { backstage: { url: upstream } },
    routes: [
      { name: 'actions', path: '/actions/**', allow: 'public', audit: 'admin' },
      { name: 'public', path: '/public/**', allow: 'public' },
    ],
    audit: { sinks: [{ file: { path: trail, onFailure: 'block' } }] },
  }
  writeFileSync(file, stringify(config))
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--import',
    handled,
    'src/cli/main.ts',
    'start',
    '--config',
    file,
  ]
  const child = spawn('prlimit', [`--fsize=${maxFileBytes}`, ...node], {
    cwd: repositoryRoot,
    stdio: ['ignore', openSync(join(folder, 'stdout'), 'a'), openSync(join(folder, 'stderr'), 'a')],
  })
  endWithUs(child)
  onStart(child)
  await until(async () => {
    if (child.exitCode !== null) throw new Error('the gateway ended at the start')
    const answer = await request(`${baseUrl.replace('localhost', '127.0.0.1')}/.stagedoor/health/live`).catch(
      () => undefined,
    )
    await answer?.body.dump()
    return answer?.statusCode === 200
  })
  return port
}
