import { CommandFailed } from '../run-action.ts'
import type { Rotation } from './rotation.ts'
import type { StateFile } from './state-file.ts'
import { firstStepOf, type RotationState } from './step-order.ts'
import type { HeldSecrets, Target } from './targets/target.ts'

export type Wish = {
  /** `continue` resumes an unfinished rotation, or begins a new one. */
  mode: 'begin' | 'continue' | 'resume' | 'revert'
  isEmergency: boolean
  /** The current secret; needed if no target can be read. */
  currentSecret: string | undefined
  /** RFC 3339, UTC. */
  startedAt: string
}

/** `isResumed`: the run begins at a step that an earlier run may have taken already; the audit trail records this. */
export type Begun = { state: RotationState; isResumed: boolean }

/** The step at which the rotation begins or continues. @throws CommandFailed when it must not */
export async function beginRotation(
  wish: Wish,
  { rotation, targets, stateFile }: { rotation: Rotation; targets: readonly Target[]; stateFile: StateFile },
): Promise<Begun> {
  const kept = await stateFile.read()
  if (kept !== undefined) return goOn(kept, wish, rotation)
  const held = await readTargets(targets)
  const unfinished = rotation.keepsOld ? undefined : held.find(({ current, next }) => current !== next)
  if (wish.mode === 'begin' && unfinished !== undefined) {
    throw new CommandFailed(
      'a target already holds a next secret, so a rotation is unfinished: use --resume or --revert',
    )
  }
  if (unfinished === undefined && (wish.mode === 'begin' || wish.mode === 'continue')) {
    return { state: await firstState(wish, rotation, currentOf(held, wish)), isResumed: false }
  }
  if (unfinished === undefined)
    throw new CommandFailed(`there is no rotation to ${wish.mode}: neither the --state file nor the targets hold one`)
  // There is no state file, as on a fresh CI machine. The secrets in the target are enough, because every step can be repeated.
  const { current, next } = unfinished
  const state = { ...stateOf(wish, rotation, current), newSecret: next }
  return goOn(state, wish, rotation)
}

function goOn(kept: RotationState, { mode, isEmergency }: Wish, { kind, subject }: Rotation): Begun {
  if (mode === 'begin') throw new CommandFailed('a rotation is unfinished: use --resume or --revert')
  if (kept.kind !== kind || kept.subject !== subject) {
    throw new CommandFailed(
      `the --state file belongs to the rotation of ${kept.kind} ${kept.subject}: use another --state file`,
    )
  }
  if (isEmergency && kept.course !== 'emergency') {
    // The new secret may have leaked, too, and the planned course would keep the old one in use.
    throw new CommandFailed(
      'a planned rotation is unfinished: end it with --resume or --revert (add --no-wait if it is urgent), then use --emergency',
    )
  }
  if (mode !== 'revert') return { state: kept, isResumed: true }
  if (kept.step === 'remove-old') throw new CommandFailed('the old key is being removed at Auth0: use --resume')
  if (kept.course === 'emergency') throw new CommandFailed('the old secret leaked: an emergency cannot be reverted')
  return { state: { ...kept, course: 'revert', step: firstStepOf(kind, 'revert') }, isResumed: false }
}

async function firstState(wish: Wish, rotation: Rotation, oldSecret: string): Promise<RotationState> {
  if (!wish.isEmergency) await rotation.preflight(oldSecret)
  return { ...stateOf(wish, rotation, oldSecret), newSecret: await rotation.generate() }
}

function stateOf(wish: Wish, { kind, subject }: Rotation, oldSecret: string): Omit<RotationState, 'newSecret'> {
  const course = wish.isEmergency ? 'emergency' : 'planned'
  return { kind, subject, course, step: firstStepOf(kind, course), startedAt: wish.startedAt, oldSecret }
}

async function readTargets(targets: readonly Target[]): Promise<HeldSecrets[]> {
  const held = await Promise.all(targets.map(async (target) => target.read?.()))
  return held.filter((secrets) => secrets !== undefined)
}

function currentOf(held: readonly HeldSecrets[], { currentSecret }: Wish): string {
  const all = new Set(held.map(({ current }) => current))
  if (currentSecret !== undefined) all.add(currentSecret)
  const [current] = all
  if (current === undefined) {
    throw new CommandFailed('no target can be read: give the current secret with --current-secret-file')
  }
  if (all.size > 1)
    throw new CommandFailed('the targets hold different current secrets: write the valid one to every target')
  return current
}
