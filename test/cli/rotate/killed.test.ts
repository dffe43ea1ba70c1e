import { rm } from 'node:fs/promises'

import t, { type Test } from 'tap'

import { createAsk } from '../../../src/cli/ask.ts'
import { clientSecretRotation } from '../../../src/cli/rotate/auth0-rotations.ts'
import { beginRotation } from '../../../src/cli/rotate/begin.ts'
import { createManagement } from '../../../src/cli/rotate/management.ts'
import { whoLacks } from '../../../src/cli/rotate/replicas.ts'
import { runRotation, type StepRecord } from '../../../src/cli/rotate/run.ts'
import { createStateFile } from '../../../src/cli/rotate/state-file.ts'
import { fileTarget } from '../../../src/cli/rotate/targets/file.ts'
import { type RotationHouse, startRotationHouse } from './support.ts'

const killed = new Error('killed')

/** Begins a rotation that ends where a kill would: at a step, before its effect or after it. */
async function killAt(house: RotationHouse, step: string, outcome: StepRecord['outcome']): Promise<void> {
  const { issuer, clientId, management } = house.auth0
  const ask = createAsk(fetch)
  const patience = { everyMs: 1, limitMs: 10_000 }
  const access = createManagement(issuer, management, ask)
  const rotation = clientSecretRotation({ issuer, clientId, management: access, ask, settleMs: 0, patience })
  const place = { rotation, targets: [fileTarget(house.file)], stateFile: createStateFile(house.stateFile) }
  const wish = {
    mode: 'begin',
    isEmergency: false,
    currentSecret: undefined,
    startedAt: '2026-01-01T00:00:00Z',
  } as const
  await runRotation(await beginRotation(wish, place), {
    ...place,
    whoLacks: (expected) => whoLacks([house.replica], expected, ask),
    patience,
    record: async (record) => {
      if (record.step === step && record.outcome === outcome) throw killed
    },
  })
}

async function shouldHaveOneSecret(t: Test, house: RotationHouse, old: string): Promise<void> {
  const { current, next } = await house.held()
  t.equal(current, next)
  t.equal(await house.probe(current), 'accepted')
  if (current !== old) t.equal(await house.probe(old), 'refused')
}

const steps = ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted'] as const

for (const step of steps) {
  for (const outcome of ['begun', 'done'] as const) {
    t.test(`killed when ${step} is ${outcome}, and resumed: one working secret everywhere`, async (t) => {
      const house = await startRotationHouse(t)
      const old = house.auth0.clientSecret
      await t.rejects(killAt(house, step, outcome), killed)
      t.match(await house.rotate(), { exitCode: 1, err: /use --resume or --revert/ }, 'it is not begun anew')
      const { exitCode, err } = await house.rotate('--resume')
      t.equal(exitCode, 0, err)
      await shouldHaveOneSecret(t, house, old)
      t.not((await house.held()).current, old)
      const records = await house.records()
      t.equal(records[0]?.step, step, 'it goes on where it was')
      t.match(records.at(-1), { step: 'await-promoted', outcome: 'done' })
    })

    t.test(`killed when ${step} is ${outcome}, and reverted: the old secret works everywhere`, async (t) => {
      const house = await startRotationHouse(t)
      const old = house.auth0.clientSecret
      await t.rejects(killAt(house, step, outcome), killed)
      const { exitCode, err } = await house.rotate('--revert')
      t.equal(exitCode, 0, err)
      t.same(await house.held(), { current: old, next: old })
      t.equal(await house.probe(old), 'accepted')
    })
  }
}

t.test('without its state file, as on another machine, a rotation resumes from what the target holds', async (t) => {
  for (const step of ['await-staged', 'change', 'verify', 'promote'] as const) {
    const house = await startRotationHouse(t)
    const old = house.auth0.clientSecret
    await t.rejects(killAt(house, step, 'begun'), killed)
    await rm(house.stateFile)
    const { exitCode, err } = await house.rotate('--resume')
    t.equal(exitCode, 0, err)
    await shouldHaveOneSecret(t, house, old)
    t.not((await house.held()).current, old)
  }
})
