import t from 'tap'

import { ask, machinesIn, machineToken } from '../support/machine.ts'
import { startRedis } from '../support/redis.ts'
import { startStack } from '../support/stack.ts'

t.test('replicas with one Redis count failed attempts together, and keep counting without it', async (t) => {
  const redis = await startRedis(t)
  const config = {
    machines: machinesIn,
    server: { failedAttempts: { max: 3, window: '1m' } },
    session: { redis: { url: redis.url }, store: 'cookie' },
  }
  const stacks = [await startStack(t, { config }), await startStack(t, { config })]
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) {
    const stack = stacks[i % 2]
    if (stack === undefined) continue
    statuses.push((await ask(`${stack.url}/`, machineToken(stack.auth0, { exp: 1 }))).status)
  }
  t.same(statuses, [401, 401, 401, 429, 429, 429])
  const names = await redis.command('KEYS', '*')
  t.match(names, /stagedoor:attempts:/)
  t.notMatch(names, '127.0.0.1')

  await redis.stop()
  const [first] = stacks
  if (first === undefined) throw new Error('two were started')
  t.equal((await ask(`${first.url}/`, machineToken(first.auth0, { exp: 1 }))).status, 401)
})
