import t from 'tap'

import { startStack } from '../support/stack.ts'

t.test(
  'the log level can be changed at run time, on the admin listener only, and the change is recorded',
  async (t) => {
    const stack = await startStack(t)
    const set = (payload: unknown) =>
      stack.admin.inject({ method: 'PUT', url: '/log-level', payload: payload as object })
    t.same((await stack.admin.inject('/log-level')).json(), { level: 'debug' })
    t.match(await set({ level: 'warn' }), { statusCode: 200, body: '{"level":"warn"}' })
    t.same((await stack.admin.inject('/log-level')).json(), { level: 'warn' })

    const before = stack.logged.length
    stack.app.log.info('left out')
    stack.app.log.warn('written')
    t.same(
      stack.logged.slice(before).flatMap(({ msg }) => (msg === 'audit' ? [] : [msg])),
      ['written'],
    )
    const byClients = await fetch(`${stack.directUrl}/.stagedoor/log-level`, { method: 'PUT' })
    t.equal(byClients.status, 404)
    t.match(
      stack.records().filter(({ event }) => event === 'config'),
      [{ change: { what: 'log.level', action: 'changed', id: 'warn' } }],
    )
  },
)

t.test('an unknown level is refused with 400 and changes nothing; only configuration can set silent', async (t) => {
  const stack = await startStack(t)
  for (const payload of [{}, [], { level: 'loud' }, { level: 'silent' }, { level: ['warn'] }, { level: null }]) {
    const answer = await stack.admin.inject({ method: 'PUT', url: '/log-level', payload })
    t.equal(answer.statusCode, 400, JSON.stringify(payload))
    t.match(answer.json(), { error: 'level has to be one of trace, debug, info, warn, error, fatal' })
  }
  t.equal((await stack.admin.inject({ method: 'PUT', url: '/log-level' })).statusCode, 400, 'no body')
  t.same((await stack.admin.inject('/log-level')).json(), { level: 'debug' })
})
