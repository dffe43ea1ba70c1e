import Fastify from 'fastify'
import t from 'tap'

import type { Examination } from '../../../src/audit/search-and-verify.ts'
import { adminTrail } from '../../../src/endpoints/admin/trail.ts'
import type { GatewayError } from '../../../src/errors/gateway-error.ts'

const verdict = { records: 0, repeats: 0, writers: 0, checkpoints: 0, faults: [], notes: [] }
const nothing: Examination = { records: [], found: 0, verdict, files: [], leftOut: [] }

t.test('a fifth search of the trail is refused while four are under way', async (t) => {
  const released = Promise.withResolvers<Examination>()
  const app = Fastify()
  t.teardown(() => app.close())
  app.setErrorHandler((error, _request, reply) => {
    const { code, statusCode, headers } = error as GatewayError
    return reply.code(statusCode).headers(headers).send({ code })
  })
  await app.register(adminTrail, { base: '/admin', examine: () => released.promise, now: Date.now })
  const search = async () => await app.inject('/audit')

  const underWay = Array.from({ length: 4 }, search)
  const fifth = await search()
  t.match(fifth, { statusCode: 503, headers: { 'retry-after': '10' } })
  t.same(fifth.json(), { code: 'STAGEDOOR_ADMIN_TRAIL_BUSY' })

  released.resolve(nothing)
  for (const { statusCode } of await Promise.all(underWay)) t.equal(statusCode, 200)
  t.equal((await search()).statusCode, 200, 'there is room again')
})
