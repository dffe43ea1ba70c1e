import fastify from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import t from 'tap'

import type { AuditEvent } from '../../src/audit/event.ts'
import { requireRecord } from '../../src/audit/require-record.ts'
import { facts, jane } from './support.ts'

t.test('the record of an answer is handed to the sinks before the head of the answer is written', async (t) => {
  const steps: string[] = []
  const app = fastify()
  t.teardown(() => app.close())
  const before = async (): Promise<void> => undefined
  for (const name of ['audit', 'policy']) await app.register(fastifyPlugin(before, { name }))
  app.addHook('onRequest', (request, reply, done) => {
    const decision = { effect: 'allow', rule: 'x', upstream: 'backstage' } as const
    Object.assign(request, { decision, facts, principal: jane })
    const writeHead = reply.raw.writeHead.bind(reply.raw)
    reply.raw.writeHead = (status: number, ...rest: never[]) => {
      steps.push('head')
      return writeHead(status, ...rest)
    }
    done()
  })
  const write = (event: AuditEvent): void => void steps.push('phase' in event ? event.phase : event.event)
  const trail = { write, flush: () => void steps.push('flush'), ensure: async () => void steps.push('ensure') }
  await app.register(requireRecord, { trail, classify: () => 'catalog-write' })
  app.get('/', () => 'done')
  await app.inject('/')
  t.same(steps, ['begun', 'ensure', 'answered', 'flush', 'head'])
})
