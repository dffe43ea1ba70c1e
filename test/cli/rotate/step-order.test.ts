import t from 'tap'

import {
  firstStepOf,
  nextStepAfter,
  type RotationKind,
  type Course,
  type Step,
} from '../../../src/cli/rotate/step-order.ts'

function stepsOf(kind: RotationKind, course: Course): Step[] {
  const steps = [firstStepOf(kind, course)]
  while (steps.at(-1) !== 'done') steps.push(nextStepAfter({ kind, course, step: steps.at(-1) as Step }))
  return steps
}

t.test('replicas have the new secret before Auth0 changes, and the old one before Auth0 changes back', async (t) => {
  const back = { 'change-back': 'await-back', change: 'await-staged' } as const
  for (const kind of ['client-secret', 'private-key-jwt'] as const) {
    for (const course of ['planned', 'revert'] as const) {
      const steps = stepsOf(kind, course)
      const change = course === 'planned' ? 'change' : 'change-back'
      t.ok(steps.indexOf(back[change]) >= 0 && steps.indexOf(back[change]) < steps.indexOf(change), `${kind} ${course}`)
    }
  }
})

t.test('in an emergency the old secret ends without a wait', async (t) => {
  t.same(stepsOf('client-secret', 'emergency'), ['change', 'promote', 'verify', 'await-promoted', 'done'])
  t.same(stepsOf('session-secret', 'emergency'), ['promote', 'await-promoted', 'done'])
})

t.test('a session secret is never sent to Auth0', async (t) => {
  for (const course of ['planned', 'revert', 'abandon', 'emergency'] as const) {
    t.notOk(stepsOf('session-secret', course).some((step) => step.startsWith('change')))
  }
})
