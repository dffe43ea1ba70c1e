import { CommandFailed, failureIn } from '../run-action.ts'
import type { Begun } from './begin.ts'
import type { Expected } from './replicas.ts'
import { rollbackAfter } from './rollback.ts'
import { heldAfter, type Rotation } from './rotation.ts'
import { type Patience, settles } from './settles.ts'
import type { StateFile } from './state-file.ts'
import { firstStepOf, nextStepAfter, type RotationState } from './step-order.ts'
import type { HeldSecrets, Target } from './targets/target.ts'

/** The progress of a step; `resumed`: begun again, because an earlier run ended before it recorded the result. */
export type StepOutcome = 'begun' | 'resumed' | 'done' | 'failed'

type Surroundings = {
  rotation: Rotation
  targets: readonly Target[]
  stateFile: StateFile
  /** The replicas that lack a secret; empty when all have it. */
  whoLacks: (expected: Expected) => Promise<string[]>
  patience: Patience
  recorder: Recorder
}

export type Recorder = {
  step: (state: RotationState, outcome: StepOutcome, detail?: string) => Promise<void>
  /** Records the end of the run, whatever its result. A run that was killed has no such record. */
  stop: () => Promise<void>
}

const maxSteps = 20

/**
 * Takes the steps in order, and stores each in the state file before it begins. In the planned course, a failed step before
 * `promote` makes the rotation roll back (`rollbackAfter`).
 * @returns the last state; its `course` tells how the rotation ended
 * @throws CommandFailed when a person has to decide; the state file remains
 */
export async function runRotation(
  { state: first, isResumed }: Begun,
  surroundings: Surroundings,
): Promise<RotationState> {
  const { stateFile, rotation, recorder } = surroundings
  let state = first
  for (let taken = 0; taken < maxSteps && state.step !== 'done'; taken += 1) {
    await stateFile.write(state)
    await recorder.step(state, isResumed && taken === 0 ? 'resumed' : 'begun')
    const result = await attempt(state, surroundings)
    if ('failure' in result) {
      await recorder.step(state, 'failed', result.failure.message)
      const course = rollbackAfter(state)
      if (course === undefined) {
        await recorder.stop()
        throw result.failure
      }
      state = { ...state, course, step: firstStepOf(rotation.kind, course) }
      continue
    }
    await recorder.step(state, 'done')
    state = { ...state, ...result.change, step: nextStepAfter(state) }
  }
  await stateFile.remove()
  await recorder.stop()
  return state
}

type Attempt = { change: Partial<RotationState> } | { failure: CommandFailed }

async function attempt(state: RotationState, surroundings: Surroundings): Promise<Attempt> {
  try {
    return { change: await takeStep(state, surroundings) }
  } catch (error) {
    const failure = failureIn(error)
    if (failure === undefined) throw error
    return { failure }
  }
}

async function takeStep(state: RotationState, surroundings: Surroundings): Promise<Partial<RotationState>> {
  const { rotation, targets } = surroundings
  const held = heldAfter(state, rotation)
  if (held !== undefined) {
    await writeToAll(targets, held)
    return {}
  }
  const awaited = awaitedIn(state)
  if (awaited !== undefined) {
    await awaitReplicas({ option: rotation.option, ...awaited }, surroundings)
    return {}
  }
  return (await rotation.effects[state.step]?.(state)) ?? {}
}

/** Each target gets the secrets, also after one that fails: in an emergency Auth0 has the new one already. */
async function writeToAll(targets: readonly Target[], held: HeldSecrets): Promise<void> {
  const failures: string[] = []
  for (const target of targets) {
    await target.write(held).catch((error: unknown) => {
      const failure = failureIn(error)
      if (failure === undefined) throw error
      failures.push(failure.message)
    })
  }
  if (failures.length > 0) throw new CommandFailed(failures.join('; '))
}

function awaitedIn({ step, oldSecret, newSecret }: RotationState): Omit<Expected, 'option'> | undefined {
  if (step === 'await-staged') return { secret: newSecret, isFirst: false }
  if (step === 'await-promoted') return { secret: newSecret, isFirst: true }
  return step === 'await-back' ? { secret: oldSecret, isFirst: false } : undefined
}

async function awaitReplicas(expected: Expected, { whoLacks, patience }: Surroundings): Promise<void> {
  let lacking: string[] = []
  const haveAll = async () => (lacking = await whoLacks(expected)).length === 0
  if (await settles(haveAll, 0, patience)) return
  throw new CommandFailed(
    `a secret did not arrive at ${lacking.join(', ')}: check that the replica reads the target (its log, and GET /secrets at its admin listener)`,
  )
}
