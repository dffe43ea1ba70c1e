import t from 'tap'
import { request } from 'undici'

import { startHouse } from '../support/house.ts'
import { freePort } from '../support/ports.ts'

t.test('a request that an upstream sends back to us is a 508 in the second round', async (t) => {
  const port = await freePort()
  const house = await startHouse(t, { port, upstreamUrl: `http://127.0.0.1:${port}` })
  const answer = await request(`${house.url}/public/x`)
  t.equal(answer.statusCode, 508)
  t.match(await answer.body.json(), { code: 'STAGEDOOR_BOUNDARY_LOOP' })
  t.equal(house.records().length, 1, 'one round was decided on')
})

t.test('a mark of another gateway is none of ours, and is not passed on', async (t) => {
  const house = await startHouse(t)
  const answer = await request(`${house.url}/public/x`, { headers: { 'x-stagedoor-via': 'https://other.example.com' } })
  t.equal(answer.statusCode, 200)
  t.equal(house.origin.seen[0]?.headers['x-stagedoor-via'], house.url)
})
