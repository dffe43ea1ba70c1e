import type { Course, RotationState } from './step-order.ts'

/** The course after a failed step that undoes the rotation; undefined when a person has to decide. */
export function rollbackAfter({ course, step }: Pick<RotationState, 'course' | 'step'>): Course | undefined {
  if (course !== 'planned') return undefined
  if (step === 'stage' || step === 'await-staged') return 'abandon'
  // From `promote` on, the new secret works everywhere: continuing is safer than going back.
  return step === 'change' || step === 'verify' ? 'revert' : undefined
}
