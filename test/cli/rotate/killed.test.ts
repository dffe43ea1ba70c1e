import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'

import t, { type Test } from 'tap'

import { repositoryRoot } from '../../../scripts/testing/command.ts'
import { createSendJson } from '../../../src/cli/json-client.ts'
import { createExpect } from '../../../src/cli/management-api.ts'
import { clientSecretRotation } from '../../../src/cli/rotate/auth0-rotations.ts'
import { beginRotation } from '../../../src/cli/rotate/begin.ts'
import { createRecorder } from '../../../src/cli/rotate/record.ts'
import { whoLacks } from '../../../src/cli/rotate/replicas.ts'
import { runRotation, type StepOutcome } from '../../../src/cli/rotate/run.ts'
import { createStateFile } from '../../../src/cli/rotate/state-file.ts'
import { fileTarget } from '../../../src/cli/rotate/targets/file.ts'
import { fingerprint } from '../../../src/config/fingerprints.ts'
import { endWithUs } from '../../support/children.ts'
import { runCommand } from '../../support/command.ts'
import { until } from '../../support/until.ts'
import { type RotationStack, startRotationStack } from './support.ts'

const killed = new Error('killed')

/** Starts a rotation that stops like a killed process: at a step, before or after its effect, when the record is written. */
async function killAt(stack: RotationStack, step: string, outcome: StepOutcome): Promise<void> {
  const { issuer, clientId } = stack.auth0
  const send = createSendJson(fetch)
  const patience = { everyMs: 1, limitMs: 10_000 }
  const expect = createExpect(issuer, stack.env, fetch)
  const rotation = clientSecretRotation({ issuer, clientId, expect, send, settleMs: 0, patience })
  const place = { rotation, targets: [fileTarget(stack.file)], stateFile: createStateFile(stack.stateFile) }
  const wish = {
    mode: 'begin',
    isEmergency: false,
    currentSecret: undefined,
    startedAt: '2026-01-01T00:00:00Z',
  } as const
  const recorder = createRecorder({ file: stack.auditFile, now: Date.now, err: () => undefined })
  await runRotation(await beginRotation(wish, place), {
    ...place,
    whoLacks: (expected) => whoLacks([stack.replica], expected, send),
    patience,
    recorder: {
      ...recorder,
      async step(state, seen) {
        await recorder.step(state, seen)
        if (state.step === step && seen === outcome) throw killed
      },
    },
  })
}

/** Checks that targets, replicas and Auth0 have one and the same secret. */
async function shouldHaveOneSecret(t: Test, stack: RotationStack, old: string): Promise<void> {
  const { current, next } = await stack.held()
  t.equal(current, next)
  t.equal(stack.auth0.tenant.clients[0]?.clientSecret, current)
  t.equal(await stack.probe(current), 'accepted')
  if (current !== old) t.equal(await stack.probe(old), 'refused')
  const { processes } = (await (await fetch(`${stack.replica}/secrets`)).json()) as {
    processes: Record<string, string[]>[]
  }
  const held = processes.flatMap((secrets) => secrets['auth0.clientSecrets'])
  t.same(new Set(held), new Set([fingerprint(current)]))
}

/** The records of both runs, in order. Checks that `stagedoor audit verify` passes them and names the killed run. */
async function trailOf(t: Test, stack: RotationStack): Promise<string[]> {
  const { exitCode, out, err } = await runCommand(['audit', 'verify', stack.auditFile])
  t.equal(exitCode, 0, out + err)
  t.equal((out + err).match(/did not end in order/g)?.length, 1, out + err)
  return (await stack.records()).map(({ course, step, outcome }) => `${course} ${step} ${outcome}`)
}

const steps = ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted'] as const
type Step = (typeof steps)[number]

/** The records of a run with these steps that is killed at the last record or not at all. */
const recordsOf = (taken: readonly string[], last: 'begun' | 'done' = 'done') =>
  taken.flatMap((step, index) => {
    const isCut = last === 'begun' && index === taken.length - 1
    return isCut ? [`planned ${step} begun`] : [`planned ${step} begun`, `planned ${step} done`]
  })

const upTo = (step: Step) => steps.slice(0, steps.indexOf(step) + 1)
const after = (step: Step) => steps.slice(steps.indexOf(step) + 1)

for (const step of steps) {
  for (const outcome of ['begun', 'done'] as const) {
    t.test(`killed when ${step} is ${outcome}, and resumed: one working secret everywhere`, async (t) => {
      const stack = await startRotationStack(t)
      const old = stack.auth0.clientSecret
      await t.rejects(killAt(stack, step, outcome), killed)
      t.match(await stack.rotate(), { exitCode: 1, err: /use --resume or --revert/ }, 'it is not begun anew')
      const { exitCode, err } = await stack.rotate('--resume')
      t.equal(exitCode, 0, err)
      await shouldHaveOneSecret(t, stack, old)
      t.not((await stack.held()).current, old)
      t.same(await trailOf(t, stack), [
        ...recordsOf(upTo(step), outcome),
        `planned ${step} resumed`,
        `planned ${step} done`,
        ...recordsOf(after(step)),
      ])
    })

    t.test(`killed when ${step} is ${outcome}, and reverted: the old secret works everywhere`, async (t) => {
      const stack = await startRotationStack(t)
      const old = stack.auth0.clientSecret
      await t.rejects(killAt(stack, step, outcome), killed)
      const { exitCode, err } = await stack.rotate('--revert')
      t.equal(exitCode, 0, err)
      t.equal((await stack.held()).current, old)
      await shouldHaveOneSecret(t, stack, old)
      const back = ['stage-back', 'await-back', 'change-back', 'verify-back', 'restore']
      t.same(await trailOf(t, stack), [
        ...recordsOf(upTo(step), outcome),
        ...back.flatMap((each) => [`revert ${each} begun`, `revert ${each} done`]),
      ])
    })
  }
}

t.test('a rotation resumes after its process was killed during the request to Auth0', async (t) => {
  const stack = await startRotationStack(t)
  const { auth0, auditFile } = stack
  const old = auth0.clientSecret
  auth0.switches.setSlowMs(600_000)
  auth0.switches.down('slow', [`/api/v2/clients/${auth0.clientId}`])
  const child = spawn(process.execPath, ['src/cli/main.ts', ...stack.command()], {
    cwd: repositoryRoot,
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...stack.env },
    stdio: 'ignore',
  })
  endWithUs(child)
  await until(async () => (await stack.records()).at(-1)?.step === 'change')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal((await readFile(auditFile, 'utf8')).split('\n').at(-2)?.includes('change begun'), true)
  auth0.switches.up()
  const { exitCode, err } = await stack.rotate('--resume')
  t.equal(exitCode, 0, err)
  await shouldHaveOneSecret(t, stack, old)
  t.same(await trailOf(t, stack), [
    ...recordsOf(upTo('change'), 'begun'),
    'planned change resumed',
    'planned change done',
    ...recordsOf(after('change')),
  ])
})

t.test("without its state file, as on another machine, a rotation resumes from the target's content", async (t) => {
  for (const step of ['await-staged', 'change', 'verify', 'promote'] as const) {
    const stack = await startRotationStack(t)
    const old = stack.auth0.clientSecret
    await t.rejects(killAt(stack, step, 'begun'), killed)
    await rm(stack.stateFile)
    const { exitCode, err } = await stack.rotate('--resume')
    t.equal(exitCode, 0, err)
    await shouldHaveOneSecret(t, stack, old)
    t.not((await stack.held()).current, old)
  }
})
