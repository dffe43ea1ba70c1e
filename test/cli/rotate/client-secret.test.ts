import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t from 'tap'

import { runCommand } from '../../support/command.ts'
import { startRotationStack } from './support.ts'

const isGone = (path: string) =>
  stat(path).then(
    () => false,
    () => true,
  )

t.test('a rotation leaves one secret that works everywhere, and invalidates the old one', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const { out, err, exitCode } = await stack.rotate()
  t.equal(exitCode, 0, err)
  const { current, next } = await stack.held()
  t.equal(current, next)
  t.not(current, old)
  t.ok(current.length >= 43, 'of 256 bits at least')
  t.equal(await stack.probe(current), 'accepted')
  t.equal(await stack.probe(old), 'refused')
  t.ok(await isGone(stack.stateFile))
  t.ok(await isGone(`${stack.stateFile}.lock`))
  t.match(JSON.parse(out), { rotation: 'client-secret', subject: 'stagedoor-demo', outcome: 'rotated', new: String })
  t.same(
    (await stack.records()).filter(({ outcome }) => outcome === 'done').map(({ step }) => step),
    ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted'],
  )
})

t.test('no secret is printed, nor written into the audit file', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const { out, err } = await stack.rotate()
  const { current } = await stack.held()
  const seen = out + err + (await readFile(stack.auditFile, 'utf8'))
  for (const secret of [old, current, stack.auth0.management.clientSecret]) t.notOk(seen.includes(secret))
})

/** A verified trail of this many runs, whose only remark is that it is unsigned. */
const trailOf = (runs: number, records = String.raw`\d+`) =>
  new RegExp(
    `^(?:note: no signature covers [^\\n]+\\n){${runs}}The trail is whole: ${records} records, ${runs} writers?, 0 signed checkpoints`,
  )

t.test('the trail of a finished rotation, successful or not, verifies, and its writers ended in order', async (t) => {
  const stack = await startRotationStack(t)
  const verify = () => runCommand(['audit', 'verify', stack.auditFile])
  t.match(await stack.rotate(), { exitCode: 0 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(1, '13') }, 'rotated')
  t.match(await stack.rotate('--replica', 'http://127.0.0.1:1', '--limit', '0'), { exitCode: 1 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(2) }, 'abandoned')
  stack.auth0.switches.failNext('/api/v2/clients', [400])
  t.match(await stack.rotate('--emergency', '--no-wait'), { exitCode: 1 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(3) }, 'a person has to look')
})

t.test('files keep their mode, and only the owner may read new ones', async (t) => {
  const stack = await startRotationStack(t)
  await stack.rotate()
  t.equal(((await stat(`${stack.file}.next`)).mode & 0o777).toString(8), '600')
  t.equal(((await stat(stack.file)).mode & 0o777).toString(8), '644')
})

t.test(
  'if a replica does not get the new secret, nothing changes at Auth0, and the old secret is restored',
  async (t) => {
    const stack = await startRotationStack(t)
    const old = stack.auth0.clientSecret
    const nobody = 'http://127.0.0.1:1'
    const { out, err, exitCode } = await stack.rotate('--replica', nobody, '--limit', '0')
    t.equal(exitCode, 1)
    t.match(err, `a secret did not arrive at ${nobody}`)
    t.match(JSON.parse(out), { outcome: 'abandoned' })
    t.same(await stack.held(), { current: old, next: old })
    t.equal(await stack.probe(old), 'accepted')
    t.equal(stack.auth0.counters.management, 0)
  },
)

t.test('if Auth0 refuses the change, the targets get the old secret back', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  stack.auth0.switches.failNext('/api/v2/clients', [400])
  const { out, exitCode } = await stack.rotate()
  t.equal(exitCode, 1)
  t.match(JSON.parse(out), { outcome: 'reverted' })
  t.same(await stack.held(), { current: old, next: old })
  t.equal(await stack.probe(old), 'accepted')
})

t.test('while Auth0 accepts either secret, the rotation waits', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  let probes = 0
  // The first five answers come from a server that still has the old secret.
  const { acceptedSecret } = stack.auth0.tenant
  stack.auth0.tenant.acceptedSecret = (client) => {
    if (client.clientId !== stack.auth0.clientId) return acceptedSecret(client)
    const isBehind = client.clientSecret !== old && probes++ < 5
    return isBehind ? old : client.clientSecret
  }
  const { exitCode, err } = await stack.rotate()
  t.equal(exitCode, 0, err)
  t.ok(probes > 5)
  t.equal(await stack.probe((await stack.held()).current), 'accepted')
})

t.test(
  'only one rotation runs at a time: the lock of a running process counts, that of a dead process does not',
  async (t) => {
    const stack = await startRotationStack(t)
    const { hostname } = await import('node:os')
    const lock = (pid: number) => writeFile(`${stack.stateFile}.lock`, JSON.stringify({ pid, host: hostname() }))
    await lock(process.ppid)
    t.match(await stack.rotate(), { exitCode: 1, err: /another rotation is running/ })
    t.equal(await stack.probe(stack.auth0.clientSecret), 'accepted')
    await lock(2 ** 22 + 1)
    t.match(await stack.rotate(), { exitCode: 0 })
  },
)

t.test('a lock with our own process id counts as stale, since containers reuse process ids', async (t) => {
  const stack = await startRotationStack(t)
  const { hostname } = await import('node:os')
  await writeFile(`${stack.stateFile}.lock`, JSON.stringify({ pid: process.pid, host: hostname() }))
  t.match(await stack.rotate(), { exitCode: 0 })
})

t.test('an existing next secret is not overwritten', async (t) => {
  const stack = await startRotationStack(t)
  await writeFile(`${stack.file}.next`, 'of another rotation')
  t.match(await stack.rotate(), { exitCode: 1, err: /already holds a next secret/ })
  t.same(await stack.held(), { current: stack.auth0.clientSecret, next: 'of another rotation' })
})

t.test('a current secret that Auth0 refuses is reported before any change', async (t) => {
  const stack = await startRotationStack(t)
  await writeFile(stack.file, 'not the secret')
  t.match(await stack.rotate(), { exitCode: 1, err: /Auth0 refuses the current secret: nothing was changed/ })
  t.equal(stack.auth0.counters.management, 0)
})

t.test('in an emergency the old secret ends first, even if no replica answers', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const { exitCode, err } = await stack.rotate('--emergency', '--no-wait')
  t.equal(exitCode, 0, err)
  t.equal((await stack.records())[0]?.step, 'change')
  t.equal(await stack.probe(old), 'refused')
  t.equal(await stack.probe((await stack.held()).current), 'accepted')
})

t.test('records that cannot be written are reported before any change', async (t) => {
  const stack = await startRotationStack(t)
  t.match(await stack.rotate('--audit-file', '/nowhere/records'), {
    exitCode: 1,
    err: /^ENOENT.*'\/nowhere\/records'\.\n$/,
  })
  t.ok(await isGone(stack.stateFile))
})

t.test('a target that cannot be written reverts the rotation, and the error names its file', async (t) => {
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const { err, exitCode } = await stack.rotate('--to', 'file:/nowhere/secret')
  t.equal(exitCode, 1)
  t.match(err, /stage failed .*'\/nowhere\/secret\.next/)
  t.match(err, /restore begun/)
  t.equal((await stack.held()).current, old)
  t.equal(await stack.probe(old), 'accepted')
})

t.test('missing options are reported', async (t) => {
  const stack = await startRotationStack(t)
  const rotate = (arguments_: string[], env = {}) =>
    runCommand(['rotate', 'client-secret', '--state', stack.stateFile, ...arguments_], { env })
  t.match(await rotate([]), {
    exitCode: 1,
    err: /^Missing: --issuer or AUTH0_ISSUER; --client-id or AUTH0_CLIENT_ID\.\n/,
  })
  t.match(await rotate([], stack.env), { exitCode: 1, err: /--to/ })
  t.match(await rotate(['--to', 'stdout'], stack.env), { exitCode: 1, err: /--replica/ })
  const noWait = ['--no-wait', '--to']
  t.match(await rotate([...noWait, 'ftp:x'], stack.env), { exitCode: 1, err: /ftp:x is not a target/ })
  t.match(await rotate([...noWait, 'stdout'], stack.env), { exitCode: 1, err: /--current-secret-file/ })
  t.match(await rotate([...noWait, 'github:a/b/C'], stack.env), { exitCode: 1, err: /STAGEDOOR_GITHUB_TOKEN/ })
  t.match(await stack.rotate('--resume'), { exitCode: 1, err: /no rotation to resume/ })
  t.match(await stack.rotate('--state', '/nowhere/state'), {
    exitCode: 1,
    err: /^the lock file beside --state cannot be created: ENOENT/,
  })
})

t.test('a limit that is shorter than the time to settle is refused before anything changes', async (t) => {
  const stack = await startRotationStack(t)
  const before = await stack.held()
  const { exitCode, err } = await stack.rotate('--settle', '2', '--limit', '1')
  t.equal(exitCode, 1)
  t.match(err, '--limit 1 is shorter than --settle 2')
  t.same(await stack.held(), before)
  t.same(await stack.records(), [])
})

t.test('in an emergency each target gets the new secret, also after one that fails', async (t) => {
  const stack = await startRotationStack(t)
  const { auth0, env, file, folder } = stack
  const targets = ['program:/bin/false', `file:${file}`, `file:${join(folder, 'none', 'secret')}`]
  const options = ['--state', join(folder, 'state'), '--settle', '0', '--emergency', '--no-wait']
  const command = ['rotate', 'client-secret', ...targets.flatMap((to) => ['--to', to]), ...options]
  const { exitCode, err } = await runCommand(command, { env })
  t.equal(exitCode, 1)
  t.match(err, /\/bin\/false ended with 1, .*; ENOENT/, 'each failure is told')
  const secret = auth0.tenant.clients[0]?.clientSecret
  t.same(await stack.held(), { current: secret, next: secret })
})
