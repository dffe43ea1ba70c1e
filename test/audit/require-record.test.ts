import fastify from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import t, { type Test } from 'tap'

import type { AuditEvent } from '../../src/audit/event.ts'
import { audit } from '../../src/audit/plugin.ts'
import { requireRecord } from '../../src/audit/require-record.ts'
import { facts, jane } from './support.ts'

t.test('the sinks get the record of an answer before its head is written', async (t) => {
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

const denied = { effect: 'deny', reason: 'unauthenticated' } as const

/** An app that refuses every request by a decision. `steps` has the order of records and answers. */
async function startRefusing(t: Test, ensure: () => Promise<void> = async () => undefined) {
  const steps: string[] = []
  const app = fastify()
  t.teardown(() => app.close())
  const write = (event: AuditEvent): void => void steps.push('phase' in event ? event.phase : event.event)
  const trail = { write, flush: () => void steps.push('flush'), ensure }
  await app.register(audit, { trail, classify: () => 'catalog-write' })
  app.addHook('onRequest', (request, reply, done) => {
    Object.assign(request, { decision: denied, facts, principal: jane })
    const writeHead = reply.raw.writeHead.bind(reply.raw)
    reply.raw.writeHead = (status: number, ...rest: never[]) => {
      steps.push('head')
      return writeHead(status, ...rest)
    }
    done()
  })
  return { app, steps }
}

t.test('the sinks get the single record of a refused admin action before the head of the answer', async (t) => {
  const { app, steps } = await startRefusing(t)
  app.get('/', (_request, reply) => reply.code(403).send('no'))
  await app.inject('/')
  t.same(steps, ['answered', 'flush', 'head'])
})

t.test(
  'an action of an administrator waits for the sinks, and is refused if they cannot store its record',
  async (t) => {
    const { app, steps } = await startRefusing(t, () => Promise.reject(new Error('the disk is full')))
    const refusals: unknown[] = []
    app.get('/', async (request, reply) => {
      const revocation = { event: 'revocation', channel: 'admin', target: { subject: 'auth0|max' } } as const
      await app.audit.ensure(request, revocation).catch((error: unknown) => refusals.push(error))
      return reply.send('answered')
    })
    await app.inject('/')
    t.equal(steps[0], 'revocation')
    t.match(refusals, [{ code: 'STAGEDOOR_AUDIT_UNAVAILABLE', headers: { 'retry-after': '5' } }])
  },
)
