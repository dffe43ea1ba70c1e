import t from 'tap'

import { rollbackAfter } from '../../../src/cli/rotate/rollback.ts'
import type { Step } from '../../../src/cli/rotate/step-order.ts'

t.test(
  'a rotation that fails before the change at Auth0 is abandoned, one that fails during it is reverted, and a later one waits',
  async (t) => {
    const after = (step: Step) => rollbackAfter({ course: 'planned', step })
    t.same([after('stage'), after('await-staged')], ['abandon', 'abandon'])
    t.same([after('change'), after('verify')], ['revert', 'revert'])
    t.same([after('promote'), after('await-promoted'), after('remove-old')], [undefined, undefined, undefined])
    t.equal(rollbackAfter({ course: 'revert', step: 'change-back' }), undefined)
    t.equal(rollbackAfter({ course: 'emergency', step: 'change' }), undefined)
  },
)
