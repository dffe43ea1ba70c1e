import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import t, { type Test } from 'tap'

import { startLocalAuth0 } from '../../../auth0/local/server.ts'
import { createSendJson } from '../../../src/cli/json-client.ts'
import { createExpect } from '../../../src/cli/management-api.ts'
import { privateKeyRotation } from '../../../src/cli/rotate/auth0-rotations.ts'
import { beginRotation } from '../../../src/cli/rotate/begin.ts'
import { type Recorder, runRotation } from '../../../src/cli/rotate/run.ts'
import { createStateFile } from '../../../src/cli/rotate/state-file.ts'
import { fileTarget } from '../../../src/cli/rotate/targets/file.ts'
import { probeSecret } from '../../../src/cli/secret-probe.ts'
import { managementToken } from '../../auth0/support/management.ts'
import { runCommand } from '../../support/command.ts'
import { startFileReplica, temporaryFolder } from './support.ts'

const newKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })

/** An application that signs with a key that Auth0 knows. */
async function startKeyStack(t: Test) {
  const auth0 = await startLocalAuth0()
  t.teardown(() => auth0.close())
  const old = newKey().trim()
  const publicPem = createPublicKey(old).export({ type: 'spki', format: 'pem' })
  const credentials = [{ id: 'cred_old', name: 'made by hand', pem: publicPem }]
  auth0.switches.setClient(auth0.clientId, { credentials, activeCredentials: ['cred_old'] })
  const folder = await temporaryFolder(t)
  const file = join(folder, 'key.pem')
  await writeFile(file, old)
  const replica = await startFileReplica(t, 'auth0.privateKeys', [file, `${file}.next`])
  const env = {
    AUTH0_ISSUER: auth0.issuer,
    AUTH0_CLIENT_ID: auth0.clientId,
    STAGEDOOR_MANAGEMENT_CLIENT_ID: auth0.management.clientId,
    STAGEDOOR_MANAGEMENT_CLIENT_SECRET: auth0.management.clientSecret,
  }
  const { issuer, clientId } = auth0
  const send = createSendJson(fetch)
  const expect = createExpect(issuer, env, fetch)
  const application = { issuer, clientId, expect, send, settleMs: 0, patience: { everyMs: 1, limitMs: 10_000 } }
  const options = ['--to', `file:${file}`, '--replica', replica, '--state', join(folder, 'state'), '--settle', '0']
  const client = () => auth0.tenant.clients.find(({ clientId }) => clientId === auth0.clientId)
  return {
    auth0,
    application,
    old,
    file,
    client,
    rotate: (...more: string[]) => runCommand(['rotate', 'private-key-jwt', ...options, ...more], { env }),
    rotateWith: async (scope: string) => {
      const token = { STAGEDOOR_MANAGEMENT_TOKEN: await managementToken(auth0, scope) }
      return runCommand(['rotate', 'private-key-jwt', ...options], { env: { ...env, ...token } })
    },
    probe: async (pem: string) => (await probeSecret({ ...application, kind: 'private-key-jwt' }, pem, send)).verdict,
  }
}

t.test('during the replacement of a private key both keys are accepted, and one credential is left', async (t) => {
  const { rotate, probe, old, file, client } = await startKeyStack(t)
  t.equal(await probe(old), 'accepted')
  const { exitCode, err } = await rotate()
  t.equal(exitCode, 0, err)
  const current = await readFile(file, 'utf8')
  t.equal(await readFile(`${file}.next`, 'utf8'), current)
  t.equal(await probe(current), 'accepted')
  t.equal(await probe(old), 'refused')
  t.equal(client()?.credentials?.length, 1)
  t.equal(client()?.activeCredentials?.length, 1)
  t.notOk(err.includes('PRIVATE KEY'))
})

/** As docs/rotation.md names them. */
const permissions = [
  'update:clients',
  ...['read', 'create', 'update', 'delete'].map((verb) => `${verb}:client_credentials`),
]

t.test('the permissions of the documentation are enough; without one, the refusal names it', async (t) => {
  const { exitCode, err } = await (await startKeyStack(t)).rotateWith(permissions.join(' '))
  t.equal(exitCode, 0, err)
  const { rotateWith } = await startKeyStack(t)
  const fewer = permissions.filter((scope) => scope !== 'update:client_credentials')
  t.match(await rotateWith(fewer.join(' ')), { exitCode: 1, err: /expected any of: update:client_credentials/ })
})

t.test('a key that the application holds, and that may not sign, stays as it is', async (t) => {
  const { auth0, rotate, probe, client } = await startKeyStack(t)
  const disabled = newKey()
  const pem = createPublicKey(disabled).export({ type: 'spki', format: 'pem' })
  const credentials = [...(client()?.credentials ?? []), { id: 'cred_2', name: 'disabled', pem }]
  auth0.switches.setClient(auth0.clientId, { credentials })
  const { exitCode, err } = await rotate()
  t.equal(exitCode, 0, err)
  t.equal(await probe(disabled), 'refused')
  t.match(client()?.credentials, [{ id: 'cred_2' }, { name: /^stagedoor / }])
  t.same(client()?.activeCredentials, [client()?.credentials?.[1]?.id])
})

t.test('with two keys that sign nothing is changed, since Auth0 accepts no third', async (t) => {
  const { auth0, rotate, probe, old, file, client } = await startKeyStack(t)
  const credentials = client()?.credentials ?? []
  const more = [...credentials, { id: 'cred_2', name: 'another', pem: credentials[0]?.pem ?? '' }]
  auth0.switches.setClient(auth0.clientId, { credentials: more, activeCredentials: ['cred_old', 'cred_2'] })
  t.match(await rotate(), { exitCode: 1, err: /the application has two keys already/ })
  t.equal(await probe(old), 'accepted')
  t.same(client()?.activeCredentials, ['cred_old', 'cred_2'])
  t.equal((await readFile(file, 'utf8')).trim(), old)
})

t.test('a private key that Auth0 does not accept after the change is reverted', async (t) => {
  const { auth0, rotate, probe, old, file, client } = await startKeyStack(t)
  auth0.switches.down('error', ['/api/v2/clients'])
  t.match(await rotate(), { exitCode: 1 })
  auth0.switches.up()
  t.match(await rotate('--revert'), { exitCode: 0 })
  t.equal(await probe(old), 'accepted')
  t.equal((await readFile(file, 'utf8')).trim(), old)
  t.equal(client()?.credentials?.length, 1)
})

t.test('the rotation of a private key resumes at any step without the state file, as on another machine', async (t) => {
  for (const last of ['change', 'verify', 'promote'] as const) {
    const { application, rotate, probe, old, file, client } = await startKeyStack(t)
    const targets = [fileTarget(file)]
    const place = { rotation: privateKeyRotation(application), targets, stateFile: createStateFile(`${file}.lost`) }
    const wish = { mode: 'begin', isEmergency: false, currentSecret: undefined, startedAt: '2026-01-01' } as const
    const killed = new Error('killed')
    const recorder: Recorder = {
      step: async ({ step }, outcome) => {
        if (step === last && outcome === 'begun') throw killed
      },
      stop: async () => undefined,
    }
    const { patience } = application
    const surroundings = { ...place, whoLacks: async () => [], patience, recorder }
    await t.rejects(runRotation(await beginRotation(wish, place), surroundings), killed)
    const { exitCode, err } = await rotate('--resume')
    t.equal(exitCode, 0, err)
    t.equal(await probe(await readFile(file, 'utf8')), 'accepted')
    t.equal(await probe(old), 'refused')
    t.equal(client()?.credentials?.length, 1)
  }
})

t.test('every replica has a new session secret before it seals, and the old one still opens', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'session')
  await writeFile(file, 'the session secret of the beginning')
  const files = [file, `${file}.next`, `${file}.previous`]
  const replica = await startFileReplica(t, 'session.secrets', files)
  const options = ['--to', `file:${file}`, '--replica', replica, '--state', join(folder, 'state')]
  const { exitCode, err } = await runCommand(['rotate', 'session-secret', ...options])
  t.equal(exitCode, 0, err)
  const [current = '', next, previous] = await Promise.all(files.map((name) => readFile(name, 'utf8')))
  t.ok(current.length >= 32)
  t.equal(next, current)
  t.equal(previous, 'the session secret of the beginning')
})

t.test('a leaked session secret opens nothing any more', async (t) => {
  const file = join(await temporaryFolder(t), 'session')
  await writeFile(file, 'the session secret that leaked')
  const options = ['--to', `file:${file}`, '--state', `${file}.state`, '--no-wait', '--emergency']
  t.match(await runCommand(['rotate', 'session-secret', ...options]), { exitCode: 0 })
  const all = await Promise.all([file, `${file}.next`, `${file}.previous`].map((name) => readFile(name, 'utf8')))
  t.equal(new Set(all).size, 1)
  t.notOk(all.includes('the session secret that leaked'))
})

t.test('an emergency rotation does not keep the leaked secret', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'session')
  await writeFile(file, 'the session secret that leaked')
  const files = [file, `${file}.next`, `${file}.previous`]
  const rotate = (...more: string[]) =>
    runCommand(['rotate', 'session-secret', '--to', `file:${file}`, '--state', join(folder, 'state'), ...more])
  const nobody = await startFileReplica(t, 'session.secrets', [])
  t.match(await rotate('--replica', nobody, '--limit', '0', '--audit-file', '/dev/full'), { exitCode: 1 })
  const stuck = await rotate('--continue', '--emergency', '--no-wait')
  t.match(stuck, { exitCode: 1, err: /a planned rotation is unfinished: end it with --resume or --revert/ })
  t.match(await rotate('--resume', '--no-wait'), { exitCode: 0 })
  t.match(await rotate('--continue', '--emergency', '--no-wait'), { exitCode: 0 })
  const all = await Promise.all(files.map((name) => readFile(name, 'utf8')))
  t.notOk(all.includes('the session secret that leaked'))
})
