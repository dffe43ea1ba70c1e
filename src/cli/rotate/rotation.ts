import type { RotationKind, RotationState, Step } from './step.ts'
import type { HeldSecrets } from './targets/target.ts'

/** What one step of a rotation does, apart from where it stands. */
export type Effect = (state: RotationState) => Promise<Partial<Pick<RotationState, 'credentials'>> | void>

/** One kind of rotation: what its secrets look like, and what its steps do beside those that all kinds share. */
export type Rotation = {
  kind: RotationKind
  subject: string
  /** The option of the gateway that holds the secrets. */
  option: string
  /** Whether the old secret stays in use beside the new one. */
  keepsOld: boolean
  generate: () => Promise<string>
  /** Whether the secret that is in use now works, before anything is changed. @throws CommandFailed */
  preflight: (oldSecret: string) => Promise<void>
  effects: Partial<Record<Step, Effect>>
}

/** What targets hold after a step; undefined where the step writes nothing to them. */
export function heldAfter(
  { step, course, oldSecret, newSecret }: RotationState,
  { keepsOld }: Pick<Rotation, 'keepsOld'>,
): HeldSecrets | undefined {
  if (step === 'stage' || step === 'stage-back') return { current: oldSecret, next: newSecret }
  if (step === 'restore') return { current: oldSecret, next: oldSecret }
  if (step !== 'promote') return undefined
  // What was sealed with a secret that leaked must not open any more.
  const previous = course === 'emergency' ? newSecret : oldSecret
  return { current: newSecret, next: newSecret, ...(keepsOld ? { previous } : {}) }
}
