import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'

import t, { type Test } from 'tap'

import { parseTarget } from '../../../src/cli/rotate/targets/parse.ts'
import { startOrigin } from '../../support/origin.ts'
import { temporaryFolder } from './support.ts'

type Asked = { line: string; headers: IncomingMessage['headers']; body: Record<string, unknown> }
type Reply = { status: number; body?: unknown }

/** A service that records its requests and answers with a function. */
async function startService(t: Test, answer: (asked: Asked) => Reply) {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    void (async () => {
      const body = request.method === 'GET' ? {} : ((await json(request)) as Record<string, unknown>)
      const one = { line: `${request.method} ${request.url}`, headers: request.headers, body }
      asked.push(one)
      const { status, body: reply } = answer(one)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(reply === undefined ? undefined : JSON.stringify(reply))
    })()
  }
  return { url: (await startOrigin(t, listener)).url, asked }
}

const target = (text: string, env: NodeJS.ProcessEnv = {}, out: (text: string) => void = () => undefined) =>
  parseTarget(text, { env, fetch, out, isTerminal: false })

const held = { current: 'the old secret', next: 'the new secret' }

t.test('a secret that cannot be stored leaves no copy behind', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'secret')
  await mkdir(join(`${file}.next`, 'in-the-way'), { recursive: true })
  await t.rejects(target(`file:${file}`).write(held), { code: 'EISDIR' })
  t.same(await readdir(folder), ['secret.next'])
})

t.test('GitHub gets both secrets encrypted for the repository only', async (t) => {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  const keys = sodium.crypto_box_keypair()
  const key = Buffer.from(keys.publicKey).toString('base64')
  const { url, asked } = await startService(t, ({ line }) =>
    line.startsWith('GET') ? { status: 200, body: { key_id: '42', key } } : { status: 204 },
  )
  const github = target('github:acme/portal/AUTH0_CLIENT_SECRET', {
    GITHUB_API_URL: url,
    STAGEDOOR_GITHUB_TOKEN: 'tok',
  })
  await github.write(held)
  const puts = asked.filter(({ line }) => line.startsWith('PUT'))
  const path = 'PUT /repos/acme/portal/actions/secrets/AUTH0_CLIENT_SECRET'
  t.same(
    puts.map(({ line }) => line),
    [`${path}_NEXT`, path],
  )
  t.equal(puts[0]?.headers.authorization, 'Bearer tok')
  const opened = puts.map(({ body }) => {
    const sealed = Buffer.from(String(body['encrypted_value']), 'base64')
    return Buffer.from(sodium.crypto_box_seal_open(sealed, keys.publicKey, keys.privateKey)).toString()
  })
  t.same(opened, [held.next, held.current])
  t.equal(github.read, undefined)
})

t.test('a GitHub token without write access is reported', async (t) => {
  const { url } = await startService(t, () => ({ status: 403, body: {} }))
  const github = target('github:acme/portal/NAME', { GITHUB_API_URL: url, STAGEDOOR_GITHUB_TOKEN: 'tok' })
  await t.rejects(github.write(held), /Secrets: read and write/)
  t.throws(() => target('github:acme/NAME', { STAGEDOOR_GITHUB_TOKEN: 'tok' }), /github:OWNER\/REPOSITORY\/NAME/)
})

t.test('GitLab variables are created masked, and then changed and read', async (t) => {
  const variables = new Map<string, unknown>()
  const { url, asked } = await startService(t, ({ line, body }) => {
    const [method, path = ''] = line.split(' ')
    const name = path.split('/').at(-1) ?? ''
    if (method === 'POST') {
      variables.set(String(body['key']), body['value'])
      return { status: 201, body }
    }
    if (!variables.has(name)) return { status: 404, body: {} }
    if (method === 'PUT') variables.set(name, body['value'])
    return { status: 200, body: { value: variables.get(name) } }
  })
  const gitlab = target('gitlab:group/portal/SECRET', { CI_API_V4_URL: url, STAGEDOOR_GITLAB_TOKEN: 'tok' })
  t.equal(await gitlab.read?.(), undefined)
  await gitlab.write({ current: 'a', next: 'b' })
  t.match(asked.find(({ line }) => line === 'POST /projects/group%2Fportal/variables')?.body, { masked: true })
  t.same(await gitlab.read?.(), { current: 'a', next: 'b' })
  await gitlab.write({ current: 'b', next: 'b', previous: 'a' })
  t.same(await gitlab.read?.(), { current: 'b', next: 'b', previous: 'a' })
})

t.test('private keys are not masked, since GitLab does not mask values with white space', async (t) => {
  const { url, asked } = await startService(t, ({ line }) =>
    line.startsWith('POST ') ? { status: 201, body: {} } : { status: 404, body: {} },
  )
  const pem = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----'
  const gitlab = target('gitlab:7/KEY', { CI_API_V4_URL: url, STAGEDOOR_GITLAB_TOKEN: 'tok' })
  await gitlab.write({ current: pem, next: pem })
  const made = asked.filter(({ line }) => line === 'POST /projects/7/variables')
  t.same(
    made.map(({ body }) => [body['key'], body['masked']]),
    [
      ['KEY_NEXT', false],
      ['KEY', false],
    ],
  )
})

t.test('a GitLab variable that rejects the value is reported', async (t) => {
  const { url } = await startService(t, () => ({ status: 400, body: {} }))
  const gitlab = target('gitlab:7/KEY', { CI_API_V4_URL: url, STAGEDOOR_GITLAB_TOKEN: 'tok' })
  await t.rejects(gitlab.write(held), /cannot mask a private key; remove the variable/)
})

t.test('a Kubernetes Secret is changed as a whole, and again after a conflicting change', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'account'))
  await writeFile(join(folder, 'account', 'token'), 'pod-token\n')
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  let secret = { data: { current: base64('first'), other: 'a2VlcA==' } as Record<string, string>, version: 1 }
  let conflicts = 1
  const { url, asked } = await startService(t, ({ line, body }) => {
    if (line.startsWith('GET')) {
      return { status: 200, body: { metadata: { resourceVersion: String(secret.version) }, data: secret.data } }
    }
    const { metadata, data } = body as { metadata: { resourceVersion: string }; data: Record<string, string> }
    if (conflicts-- > 0) secret = { ...secret, version: secret.version + 1 }
    if (metadata.resourceVersion !== String(secret.version)) return { status: 409, body: {} }
    secret = { data: { ...secret.data, ...data }, version: secret.version + 1 }
    return { status: 200, body: {} }
  })
  const env = { KUBERNETES_API_URL: url, KUBERNETES_ACCOUNT_FOLDER: join(folder, 'account') }
  const kubernetes = target('kubernetes:portal/auth0', env)
  t.same(await kubernetes.read?.(), { current: 'first', next: 'first' })
  await kubernetes.write(held)
  t.same(await kubernetes.read?.(), held)
  t.equal(secret.data['other'], 'a2VlcA==', 'other keys stay')
  const patch = asked.find(({ line }) => line === 'PATCH /api/v1/namespaces/portal/secrets/auth0')
  t.match(patch?.headers, { authorization: 'Bearer pod-token', 'content-type': 'application/merge-patch+json' })
})

t.test('a Kubernetes account without read access is reported, and so is a run outside of Kubernetes', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'token'), 'pod-token')
  const { url } = await startService(t, () => ({ status: 403, body: {} }))
  const env = { KUBERNETES_API_URL: url, KUBERNETES_ACCOUNT_FOLDER: folder }
  await t.rejects(target('kubernetes:a/b', env).write(held), /needs get and patch/)
  await t.rejects(target('kubernetes:a/b').write(held), /KUBERNETES_API_URL/)
  t.throws(() => target('kubernetes:a'), /kubernetes:NAMESPACE\/NAME/)
})

t.test('a program gets the secrets on standard input, and its exit code counts', async (t) => {
  const folder = await temporaryFolder(t)
  const program = join(folder, 'store')
  await writeFile(program, `#!/bin/sh\ncat > ${folder}/got\n`)
  await chmod(program, 0o755)
  await target(`program:${program}`).write(held)
  t.same(JSON.parse(await readFile(join(folder, 'got'), 'utf8')), held)
  await writeFile(program, '#!/bin/sh\nexit 3\n')
  await t.rejects(target(`program:${program}`).write(held), /ended with 3/)
  await t.rejects(target(`program:${folder}/none`).write(held), /cannot be run/)
})

t.test('standard output gets a line for each change, unless it is a terminal', async (t) => {
  let seen = ''
  await target('stdout', {}, (text) => void (seen += text)).write(held)
  t.equal(seen, `${JSON.stringify(held)}\n`)
  const toTerminal = { env: {}, fetch, out: () => undefined, isTerminal: true }
  t.throws(() => parseTarget('stdout', toTerminal), /pipe the output to a program/)
})

t.test('files also have the previous secret if there is one', async (t) => {
  const file = join(await temporaryFolder(t), 'session')
  const target_ = target(`file:${file}`)
  t.equal(await target_.read?.(), undefined)
  await target_.write({ current: 'b', next: 'b', previous: 'a' })
  t.same(await target_.read?.(), { current: 'b', next: 'b', previous: 'a' })
})
