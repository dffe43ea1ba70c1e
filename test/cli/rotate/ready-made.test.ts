import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'

import { projectEnvironment, repositoryRoot } from '../../../scripts/testing/command.ts'
import { type RotationStack, startRotationStack } from './support.ts'

const read = (name: string) => readFile(join(repositoryRoot, 'deploy', 'rotation', name), 'utf8')

/** Installs `stagedoor` on the path, as in the image. */
async function installCommand(folder: string): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  const main = join(repositoryRoot, 'src', 'cli', 'main.ts')
  await writeFile(join(bin, 'stagedoor'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  await chmod(join(bin, 'stagedoor'), 0o755)
  return bin
}

async function runIn(stack: RotationStack, command: string, arguments_: string[], env: NodeJS.ProcessEnv) {
  const bin = await installCommand(stack.folder)
  const project = projectEnvironment()
  const child = spawn(command, arguments_, {
    cwd: stack.folder,
    env: { ...stack.env, ...env, PATH: `${bin}:${project['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, output: (await output).join('\n') }
}

async function shouldHaveRotated(t: Test, stack: RotationStack, old: string) {
  const { current, next } = await stack.held()
  t.equal(current, next)
  t.not(current, old)
  t.equal(await stack.probe(current), 'accepted')
  t.equal(await stack.probe(old), 'refused')
}

/** Auth0 needs thirty seconds; the local one changes at once. */
const atOnce = (script: string) => `${script.trim()} --settle 0`

t.test('the step of the GitHub workflow rotates', async (t) => {
  const workflow = parse(await read('github-actions.yml'))
  t.equal(workflow.concurrency['cancel-in-progress'], false)
  t.same(workflow.permissions, {})
  const { env, steps } = workflow.jobs.rotate
  for (const name of Object.keys(neededVariables)) t.ok(name in env, name)
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const variables = { ...given(stack), RUNNER_TEMP: stack.folder }
  const { code, output } = await runIn(stack, 'sh', ['-e', '-c', atOnce(steps[0].run)], variables)
  t.equal(code, 0, output)
  await shouldHaveRotated(t, stack, old)
  t.match(await readFile(join(stack.folder, steps[1].with.path), 'utf8'), 'await-promoted done')
})

t.test('the script of the GitLab job rotates', async (t) => {
  const job = parse(await read('gitlab-ci.yml'))['rotate-auth0-client-secret']
  t.equal(job.interruptible, false)
  t.type(job.resource_group, 'string')
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const variables = { ...job.variables, ...given(stack), TMPDIR: stack.folder }
  const { code, output } = await runIn(stack, 'sh', ['-e', '-c', atOnce(job.script.join('\n'))], variables)
  t.equal(code, 0, output)
  await shouldHaveRotated(t, stack, old)
  t.match(await readFile(join(stack.folder, job.artifacts.paths[0]), 'utf8'), 'await-promoted done')
})

t.test('the CronJob rotates, and its account has only the rights for that', async (t) => {
  const objects = parseAllDocuments(await read('kubernetes-cronjob.yaml')).map((document) => document.toJS())
  const of = (kind: string) => objects.find((object) => object.kind === kind)
  t.same(of('Role').rules, [
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['stagedoor-auth0'], verbs: ['get', 'patch'] },
  ])
  t.equal(of('CronJob').spec.concurrencyPolicy, 'Forbid')
  t.equal(of('Service').spec.clusterIP, 'None')
  const { metadata, spec } = of('CronJob').spec.jobTemplate.spec.template
  // The chart's own NetworkPolicy closes the admin listeners to other pods.
  const [, toAdmin] = of('NetworkPolicy')?.spec.ingress ?? []
  t.same(toAdmin?.ports, [{ port: 9464, protocol: 'TCP' }])
  t.same(toAdmin?.from[0], { podSelector: { matchLabels: metadata?.labels } })
  const [container] = spec.containers
  const stack = await startRotationStack(t)
  const old = stack.auth0.clientSecret
  const here: Record<string, string> = {
    '--to=kubernetes:portal/stagedoor-auth0': `--to=file:${stack.file}`,
    '--replica=http://stagedoor-admin:9464': `--replica=${stack.replica}`,
    '--state=/state/rotation.json': `--state=${stack.stateFile}`,
  }
  const arguments_ = container.args.map((argument: string) => here[argument] ?? argument)
  const { code, output } = await runIn(stack, 'stagedoor', [...arguments_, '--settle=0'], {})
  t.equal(code, 0, output)
  await shouldHaveRotated(t, stack, old)
})

const neededVariables = {
  AUTH0_ISSUER: '',
  AUTH0_CLIENT_ID: '',
  STAGEDOOR_MANAGEMENT_CLIENT_ID: '',
  STAGEDOOR_MANAGEMENT_CLIENT_SECRET: '',
}

const given = (stack: RotationStack) => ({
  ROTATION_TARGET: `file:${stack.file}`,
  ROTATION_REPLICAS: stack.replica,
  ROTATION_MODE: 'continue',
})
