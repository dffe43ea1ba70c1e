/** The secrets that can be rotated by writing the new one beside the old one. */
export type RotationKind = 'client-secret' | 'private-key-jwt' | 'session-secret'

/**
 * `planned`: both secrets are held while Auth0 changes over. `emergency`: the old secret leaked, so it ends first.
 * `revert`: Auth0 gets the old secret back. `abandon`: only the targets get it back, because Auth0 never had another.
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

/** The content of the state file. It holds both secrets, so that a killed rotation can continue: mode 0600. */
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

/** Both secrets are held again before Auth0 changes back: replicas may have dropped the old one already. */
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
    // The new secret stays: cookies are sealed with it.
    revert: holdBoth,
    abandon: ['restore'],
  },
}

type Place = Pick<RotationState, 'kind' | 'course' | 'step'>

export function firstStepOf(kind: RotationKind, course: Course): Step {
  return plans[kind][course][0] ?? 'done'
}

/** The step after one that was done. Every step may be done again, so a rotation resumes at the step that is stored. */
export function nextStepAfter({ kind, course, step }: Place): Step {
  const plan = plans[kind][course]
  return plan[plan.indexOf(step) + 1] ?? 'done'
}
