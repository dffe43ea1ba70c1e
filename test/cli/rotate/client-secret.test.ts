import { readFile, stat, writeFile } from 'node:fs/promises'

import t from 'tap'

import { runCommand } from '../../support/command.ts'
import { startRotationHouse } from './support.ts'

const isGone = (path: string) =>
  stat(path).then(
    () => false,
    () => true,
  )

t.test('a rotation leaves one secret that works everywhere, and the old one works nowhere', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  const { out, err, exitCode } = await house.rotate()
  t.equal(exitCode, 0, err)
  const { current, next } = await house.held()
  t.equal(current, next)
  t.not(current, old)
  t.ok(current.length >= 43, 'of 256 bits at least')
  t.equal(await house.probe(current), 'accepted')
  t.equal(await house.probe(old), 'refused')
  t.ok(await isGone(house.stateFile))
  t.ok(await isGone(`${house.stateFile}.lock`))
  t.match(JSON.parse(out), { rotation: 'client-secret', subject: 'stagedoor-demo', outcome: 'rotated', new: String })
  t.same(
    (await house.records()).filter(({ outcome }) => outcome === 'done').map(({ step }) => step),
    ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted'],
  )
})

t.test('no secret is printed, nor written into the audit file', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  const { out, err } = await house.rotate()
  const { current } = await house.held()
  const seen = out + err + (await readFile(house.auditFile, 'utf8'))
  for (const secret of [old, current, house.auth0.management.clientSecret]) t.notOk(seen.includes(secret))
})

/** A whole trail of so many runs, of which nothing is to be noted but that they sign nothing. */
const trailOf = (runs: number, records = String.raw`\d+`) =>
  new RegExp(
    `^(?:note: no signature covers [^\\n]+\\n){${runs}}The trail is whole: ${records} records, ${runs} writers?, 0 signed checkpoints`,
  )

t.test('the trail of a rotation that ended, well or not, is whole, and its writers ended in order', async (t) => {
  const house = await startRotationHouse(t)
  const verify = () => runCommand(['audit', 'verify', house.auditFile])
  t.match(await house.rotate(), { exitCode: 0 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(1, '13') }, 'rotated')
  t.match(await house.rotate('--replica', 'http://127.0.0.1:1', '--limit', '0'), { exitCode: 1 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(2) }, 'abandoned')
  house.auth0.switches.failNext('/api/v2/clients', [400])
  t.match(await house.rotate('--emergency', '--no-wait'), { exitCode: 1 })
  t.match(await verify(), { exitCode: 0, err: '', out: trailOf(3) }, 'a person has to look')
})

t.test('files keep the mode they had, and new ones are ours alone', async (t) => {
  const house = await startRotationHouse(t)
  await house.rotate()
  t.equal(((await stat(`${house.file}.next`)).mode & 0o777).toString(8), '600')
  t.equal(((await stat(house.file)).mode & 0o777).toString(8), '644')
})

t.test(
  'a replica that does not get the new secret: nothing changes at Auth0, and the old secret is back',
  async (t) => {
    const house = await startRotationHouse(t)
    const old = house.auth0.clientSecret
    const nobody = 'http://127.0.0.1:1'
    const { out, err, exitCode } = await house.rotate('--replica', nobody, '--limit', '0')
    t.equal(exitCode, 1)
    t.match(err, `a secret did not arrive at ${nobody}`)
    t.match(JSON.parse(out), { outcome: 'abandoned' })
    t.same(await house.held(), { current: old, next: old })
    t.equal(await house.probe(old), 'accepted')
    t.equal(house.auth0.counters.management, 0)
  },
)

t.test('Auth0 that refuses the change keeps the old secret, which is what targets hold then', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  house.auth0.switches.failNext('/api/v2/clients', [400])
  const { out, exitCode } = await house.rotate()
  t.equal(exitCode, 1)
  t.match(JSON.parse(out), { outcome: 'reverted' })
  t.same(await house.held(), { current: old, next: old })
  t.equal(await house.probe(old), 'accepted')
})

t.test('while Auth0 accepts either secret, the rotation waits', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  let probes = 0
  // The first five answers are of a server that has the old secret still.
  const { acceptedSecret } = house.auth0.tenant
  house.auth0.tenant.acceptedSecret = (client) => {
    if (client.clientId !== house.auth0.clientId) return acceptedSecret(client)
    const isBehind = client.clientSecret !== old && probes++ < 5
    return isBehind ? old : client.clientSecret
  }
  const { exitCode, err } = await house.rotate()
  t.equal(exitCode, 0, err)
  t.ok(probes > 5)
  t.equal(await house.probe((await house.held()).current), 'accepted')
})

t.test('one rotation at a time: a lock of a running process is respected, one of a dead process is not', async (t) => {
  const house = await startRotationHouse(t)
  const { hostname } = await import('node:os')
  const lock = (pid: number) => writeFile(`${house.stateFile}.lock`, JSON.stringify({ pid, host: hostname() }))
  await lock(process.ppid)
  t.match(await house.rotate(), { exitCode: 1, err: /another rotation is under way/ })
  t.equal(await house.probe(house.auth0.clientSecret), 'accepted')
  await lock(2 ** 22 + 1)
  t.match(await house.rotate(), { exitCode: 0 })
})

t.test(
  'a lock with our own process id is left behind: a container gives every process that it starts the same',
  async (t) => {
    const house = await startRotationHouse(t)
    const { hostname } = await import('node:os')
    await writeFile(`${house.stateFile}.lock`, JSON.stringify({ pid: process.pid, host: hostname() }))
    t.match(await house.rotate(), { exitCode: 0 })
  },
)

t.test('a next secret that is there already is not written over', async (t) => {
  const house = await startRotationHouse(t)
  await writeFile(`${house.file}.next`, 'of another rotation')
  t.match(await house.rotate(), { exitCode: 1, err: /holds a next secret already/ })
  t.same(await house.held(), { current: house.auth0.clientSecret, next: 'of another rotation' })
})

t.test('a current secret that Auth0 refuses is said before anything is changed', async (t) => {
  const house = await startRotationHouse(t)
  await writeFile(house.file, 'not the secret')
  t.match(await house.rotate(), { exitCode: 1, err: /Auth0 refuses the current secret: nothing was changed/ })
  t.equal(house.auth0.counters.management, 0)
})

t.test('in an emergency the old secret ends first, also when no replica answers', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  const { exitCode, err } = await house.rotate('--emergency', '--no-wait')
  t.equal(exitCode, 0, err)
  t.equal((await house.records())[0]?.step, 'change')
  t.equal(await house.probe(old), 'refused')
  t.equal(await house.probe((await house.held()).current), 'accepted')
})

t.test('records that cannot be written are said before anything is changed', async (t) => {
  const house = await startRotationHouse(t)
  t.match(await house.rotate('--audit-file', '/nowhere/records'), {
    exitCode: 1,
    err: /^ENOENT.*'\/nowhere\/records'\.\n$/,
  })
  t.ok(await isGone(house.stateFile))
})

t.test('a target that cannot be written turns the rotation back, and its file is named', async (t) => {
  const house = await startRotationHouse(t)
  const old = house.auth0.clientSecret
  const { err, exitCode } = await house.rotate('--to', 'file:/nowhere/secret')
  t.equal(exitCode, 1)
  t.match(err, /stage failed .*'\/nowhere\/secret\.next/)
  t.match(err, /restore begun/)
  t.equal((await house.held()).current, old)
  t.equal(await house.probe(old), 'accepted')
})

t.test('what is missing is said', async (t) => {
  const house = await startRotationHouse(t)
  const rotate = (arguments_: string[], env = {}) =>
    runCommand(['rotate', 'client-secret', '--state', house.stateFile, ...arguments_], { env })
  t.match(await rotate([]), {
    exitCode: 1,
    err: /^Missing: --issuer or AUTH0_ISSUER; --client-id or AUTH0_CLIENT_ID\.\n/,
  })
  t.match(await rotate([], house.env), { exitCode: 1, err: /--to/ })
  t.match(await rotate(['--to', 'stdout'], house.env), { exitCode: 1, err: /--replica/ })
  const noWait = ['--no-wait', '--to']
  t.match(await rotate([...noWait, 'ftp:x'], house.env), { exitCode: 1, err: /ftp:x is no target/ })
  t.match(await rotate([...noWait, 'stdout'], house.env), { exitCode: 1, err: /--current-secret-file/ })
  t.match(await rotate([...noWait, 'github:a/b/C'], house.env), { exitCode: 1, err: /STAGEDOOR_GITHUB_TOKEN/ })
  t.match(await house.rotate('--resume'), { exitCode: 1, err: /no rotation to resume/ })
  t.match(await house.rotate('--state', '/nowhere/state'), {
    exitCode: 1,
    err: /^the lock beside --state cannot be made: ENOENT/,
  })
})
