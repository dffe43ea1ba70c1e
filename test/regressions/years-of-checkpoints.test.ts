import type { JWK } from 'jose'
import t from 'tap'

import { createChain } from '../../src/audit/chain.ts'
import { signCheckpoint } from '../../src/audit/checkpoint-jws.ts'
import { checkpointKey, decided, verdictOn } from '../audit/support.ts'

const now = '2026-01-01T00:00:00.000Z'

// Checkpoints beside the trail are never removed. Each view of the console verified all of them at once, which blocked the gateway.
t.test('only the checkpoints for the files that are read are verified', async (t) => {
  const key = checkpointKey()
  let verified = 0
  const counting = Object.defineProperty<JWK>({ ...key.publicJwk }, 'x', {
    get: () => {
      verified += 1
      return key.publicJwk.x
    },
  })
  const chain = createChain('running')
  while (chain.head().seq < 5_000) chain.append(decided, now)
  const line = chain.append(decided, now)
  const old = ['running', 'gone'].flatMap((writer) =>
    Array.from({ length: 50 }, (_, i) => signCheckpoint({ writer, seq: 100 * i, hash: 'h', at: '2025-01-01' }, key)),
  )
  const latest = signCheckpoint({ ...chain.head(), at: now }, key)
  const { faults } = verdictOn([line], { keys: [counting], checkpoints: [...old, latest] })
  t.same(faults, [])
  t.equal(verified, 1)
})
