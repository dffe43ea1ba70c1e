import type { RotationKind, RotationState, Step } from './step-order.ts'
import type { HeldSecrets } from './targets/target.ts'

/** The work of one step. It returns values for the state file, if any. */
type Effect = (state: RotationState) => Promise<Partial<Pick<RotationState, 'credentials'>> | void>

/** One kind of rotation: how to generate its secret, and the steps that only this kind has. */
export type Rotation = {
  kind: RotationKind
  subject: string
  /** The option of the gateway that holds the secrets. */
  option: string
  /** Whether the old secret stays valid beside the new one. */
  keepsOld: boolean
  generate: () => Promise<string>
  /** Before any change, verifies that the current secret works. @throws CommandFailed when it does not */
  preflight: (oldSecret: string) => Promise<void>
  effects: Partial<Record<Step, Effect>>
}

/** The secrets that targets hold after a step; undefined when the step writes none. */
export function heldAfter(
  { step, course, oldSecret, newSecret }: RotationState,
  { keepsOld }: Pick<Rotation, 'keepsOld'>,
): HeldSecrets | undefined {
  if (step === 'stage' || step === 'stage-back') return { current: oldSecret, next: newSecret }
  if (step === 'restore') return { current: oldSecret, next: oldSecret }
  if (step !== 'promote') return undefined
  // Data sealed with a leaked secret must no longer open.
  const previous = course === 'emergency' ? newSecret : oldSecret
  return { current: newSecret, next: newSecret, ...(keepsOld ? { previous } : {}) }
}
