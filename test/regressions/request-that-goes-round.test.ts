import t from 'tap'
import { request } from 'undici'

import { freePort } from '../support/ports.ts'
import { startStack } from '../support/stack.ts'

t.test('a request that an upstream sends back to us gets a 508 in the second round', async (t) => {
  const port = await freePort()
  const stack = await startStack(t, { port, upstreamUrl: `http://127.0.0.1:${port}` })
  const answer = await request(`${stack.url}/public/x`)
  t.equal(answer.statusCode, 508)
  t.match(await answer.body.json(), { code: 'STAGEDOOR_BOUNDARY_LOOP' })
  t.equal(stack.records().length, 1, 'one round was decided on')
})

t.test('the loop mark of another gateway is ignored and not forwarded', async (t) => {
  const stack = await startStack(t)
  const answer = await request(`${stack.url}/public/x`, { headers: { 'x-stagedoor-via': 'https://other.example.com' } })
  t.equal(answer.statusCode, 200)
  t.equal(stack.origin.seen[0]?.headers['x-stagedoor-via'], stack.url)
})
