import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import t from 'tap'
import { stringify } from 'yaml'

import { runCommand } from '../support/command.ts'
import { machinesIn, machineToken } from '../support/machine.ts'
import { startStack } from '../support/stack.ts'

const config = {
  admin: { allow: { subjects: ['stagedoor-machine@clients'] } },
  machines: machinesIn,
}

async function startAdmin(t: Parameters<typeof startStack>[0]) {
  const stack = await startStack(t, { config })
  const env = { STAGEDOOR_BASE_URL: stack.url, STAGEDOOR_TOKEN: machineToken(stack.auth0) }
  const run = (words: string[], changed: NodeJS.ProcessEnv = env) => runCommand(words, { env: changed })
  return { stack, env, run }
}

t.test('sessions are listed and ended from the command line', async (t) => {
  const { stack, run } = await startAdmin(t)
  const { browser } = await stack.signIn()
  const jane = stack.auth0.users[0]?.id ?? ''
  t.match(await run(['sessions', 'list']), { exitCode: 0, out: new RegExp(`SUBJECT[^]*${jane.replace('|', '\\|')}`) })
  t.match(await run(['sessions', 'list', '--subject', 'nobody']), { exitCode: 0, out: /^No session/ })
  t.match(JSON.parse((await run(['sessions', 'list', '--json'])).out), { sessions: [{ subject: jane }] })
  t.match(await run(['sessions', 'revoke', '--subject', jane]), { exitCode: 0, out: `Ended: subject ${jane}\n` })
  t.equal((await browser.fetch(`${stack.url}/api`)).status, 401)
})

t.test('sessions revoke needs exactly one option that names sessions', async (t) => {
  const { run } = await startAdmin(t)
  for (const named of [[], ['--subject', 'a', '--sid', 'b']]) {
    t.match(await run(['sessions', 'revoke', ...named]), { exitCode: 1, err: /one of --subject, --session and --sid/ })
  }
})

t.test('signing keys are listed, and a rotation lets the next one sign', async (t) => {
  const { stack, run } = await startAdmin(t)
  const keys = async () => JSON.parse((await run(['keys', 'list', '--json'])).out).keys as { current: string }[]
  const [before] = await keys()
  t.match(await run(['keys', 'rotate', 'assertion']), { exitCode: 0, out: /assertion .* signs/ })
  const [after] = await keys()
  t.not(after?.current, before?.current)
  t.match(await run(['keys', 'rotate', 'assertion']), {
    exitCode: 1,
    err: /answers 409: A rotation would drop the previous key.*It is needed until 20\S+Z\. Try again .*--drop-previous/,
  })
  const answer = await fetch(`${stack.url}/.stagedoor/admin/keys/rotate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${machineToken(stack.auth0)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ purpose: 'assertion' }),
  })
  t.match(await answer.json(), { status: 409, code: 'STAGEDOOR_ADMIN_KEYS_IN_USE' })
  t.same((await keys())[0], after, 'nothing is rotated')
  t.match(await run(['keys', 'rotate', 'assertion', '--drop-previous']), { exitCode: 0 })
  t.not((await keys())[0]?.current, after?.current)
  t.match(await run(['keys', 'rotate', 'toString']), { exitCode: 1, err: /one of: assertion, machine/ })
  t.match(await run(['keys', 'list']), { exitCode: 0, out: /PURPOSE +KEY +STATE/ })
})

t.test('the command explains a missing token, a wrong token and an unreachable gateway', async (t) => {
  const { env, run } = await startAdmin(t)
  t.match(await run(['sessions', 'list'], {}), {
    exitCode: 1,
    err: /^Missing: --url or STAGEDOOR_BASE_URL.*; --token-file or STAGEDOOR_TOKEN/,
  })
  t.match(await run(['keys', 'list', '--token-file', '/gone']), { exitCode: 1, err: /^\/gone cannot be read: ENOENT/ })
  t.match(await run(['keys', 'list', '--url', 'portal']), {
    exitCode: 1,
    err: /^portal\S* is not a URL: write for example https:/,
  })
  t.match(await run(['sessions', 'list'], { ...env, STAGEDOOR_TOKEN: '' }), { exitCode: 1, err: /STAGEDOOR_TOKEN/ })
  t.match(await run(['sessions', 'list'], { ...env, STAGEDOOR_TOKEN: 'a.b.c' }), { exitCode: 1, err: /answers 401/ })
  const nowhere = { ...env, STAGEDOOR_BASE_URL: 'http://127.0.0.1:1' }
  t.match(await run(['keys', 'list'], nowhere), { exitCode: 1, err: /does not answer/ })
})

t.test('check --diff compares with the running gateway, and says that it cannot compare secrets', async (t) => {
  const { stack, run } = await startAdmin(t)
  const headers = { authorization: `Bearer ${machineToken(stack.auth0)}`, accept: 'application/json' }
  const answer = await fetch(`${stack.url}/.stagedoor/admin/configuration`, { headers })
  const { configuration } = (await answer.json()) as { configuration: Record<string, Record<string, unknown>> }
  const secret = 'some secret of at least 32 characters'
  const { auth0, session, server } = configuration
  const written = {
    ...configuration,
    auth0: { ...auth0, clientSecrets: [secret] },
    session: { ...session, secrets: [secret] },
  }
  const folder = await mkdtemp(join(tmpdir(), 'stagedoor-diff-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const compare = async (config: object) => {
    await writeFile(join(folder, 'a.yaml'), stringify(config))
    return run(['check', '--diff', '--config', join(folder, 'a.yaml')])
  }
  const same = await compare(written)
  t.match(same, { exitCode: 0, err: '', out: /^Nothing changes\.\n\nA running gateway does not show its secrets/ })
  const changed = { ...written, server: { ...server, maxHeaderBytes: '48KiB', admin: { port: 9999 } } }
  const { out } = await compare(changed)
  t.match(out, /^server\.maxHeaderBytes\n    before    32KiB\n    after     48KiB$/m)
  t.match(out, /^server\.admin\.port  \(needs a restart\)$/m)
  t.match(out, /^2 options change; 1 of them/)
  t.notMatch(out, secret)
})
