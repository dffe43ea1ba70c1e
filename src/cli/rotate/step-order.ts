/** The kinds of secrets that this command can rotate. */
export type RotationKind = 'client-secret' | 'private-key-jwt' | 'session-secret'

/**
 * `planned`: replicas hold both secrets while Auth0 changes. `emergency`: the old secret leaked, so it is invalidated first.
 * `revert`: Auth0 and the targets get the old secret back. `abandon`: only the targets do, because Auth0 was not changed yet.
 */
export type Course = 'planned' | 'emergency' | 'revert' | 'abandon'

export type Step =
  | 'stage'
  | 'await-staged'
  | 'change'
  | 'verify'
  | 'promote'
  | 'await-promoted'
  | 'remove-old'
  | 'stage-back'
  | 'await-back'
  | 'change-back'
  | 'verify-back'
  | 'restore'
  | 'done'

/** The content of the state file. It contains both secrets, so that a killed rotation can be resumed; its mode is 0600. */
export type RotationState = {
  kind: RotationKind
  /** The client id at Auth0, or the name of the rotated secret. */
  subject: string
  course: Course
  step: Step
  /** RFC 3339, UTC. */
  startedAt: string
  oldSecret: string
  newSecret: string
  /** Ids of the credentials at Auth0, for `private-key-jwt`. */
  credentials?: { old: string[]; new: string }
}

/** Replicas get both secrets again before Auth0 changes back, because they may have dropped the old one already. */
const holdBoth: readonly Step[] = ['stage-back', 'await-back']

const plans: Record<RotationKind, Record<Course, readonly Step[]>> = {
  'client-secret': {
    planned: ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted'],
    emergency: ['change', 'promote', 'verify', 'await-promoted'],
    revert: [...holdBoth, 'change-back', 'verify-back', 'restore'],
    abandon: ['restore'],
  },
  'private-key-jwt': {
    planned: ['stage', 'await-staged', 'change', 'verify', 'promote', 'await-promoted', 'remove-old'],
    emergency: ['change', 'promote', 'verify', 'remove-old', 'await-promoted'],
    revert: [...holdBoth, 'change-back', 'restore'],
    abandon: ['restore'],
  },
  'session-secret': {
    planned: ['stage', 'await-staged', 'promote', 'await-promoted'],
    emergency: ['promote', 'await-promoted'],
    // The new secret stays in the list, because cookies may be sealed with it.
    revert: holdBoth,
    abandon: ['restore'],
  },
}

type Place = Pick<RotationState, 'kind' | 'course' | 'step'>

export function firstStepOf(kind: RotationKind, course: Course): Step {
  return plans[kind][course][0] ?? 'done'
}

/** The step after a completed one. Every step can be repeated, so a rotation resumes at the stored step. */
export function nextStepAfter({ kind, course, step }: Place): Step {
  const plan = plans[kind][course]
  return plan[plan.indexOf(step) + 1] ?? 'done'
}
