import t, { type Test } from 'tap'
import { request } from 'undici'

import { temporaryFolder } from '../audit/support.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** A stack whose audit records go to a file, so that the log has none. */
async function stackWithFile(t: Test, requests: object = {}): Promise<Stack> {
  const file = { path: `${await temporaryFolder(t)}/audit.jsonl` }
  const audit = { sinks: [{ file }], keys: { store: 'memory' } }
  return startStack(t, { config: { audit, log: { level: 'info', requests } } })
}

/** Sends a request. @returns its lines at info and above, once the request after it has one */
async function linesOf(stack: Stack, path: string, headers: Record<string, string> = {}) {
  const answer = await request(stack.directUrl + path, { headers })
  await answer.body.dump()
  const last = (await fetch(`${stack.directUrl}/a//b`)).headers.get('x-request-id')
  await until(() => stack.logged.some(({ requestId }) => requestId === last))
  const id = answer.headers['x-request-id']
  return stack.logged.filter(({ requestId, level }) => requestId === id && Number(level) >= 30)
}

t.test('a request has one log line, with its outcome and nothing personal', async (t) => {
  const stack = await stackWithFile(t)
  const allowed = await linesOf(stack, '/public/x?secret=1')
  t.match(allowed, [
    {
      msg: 'request',
      method: 'GET',
      path: '/public/x',
      status: 200,
      outcome: 'allow',
      rule: 'public',
      upstream: 'backstage',
    },
  ])
  t.match(allowed[0], { durationMs: Number, traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/ })
  t.equal(allowed.length, 1)
  t.notMatch(JSON.stringify(allowed), /secret|127\.0\.0\.1/)
  const refused = await linesOf(stack, '/private')
  t.match(refused, [
    { code: 'STAGEDOOR_POLICY_UNAUTHENTICATED', path: '/private', status: 401, outcome: 'deny', traceId: String },
  ])
  t.equal(refused.length, 1)
  const navigation = await linesOf(stack, '/private', { 'sec-fetch-mode': 'navigate' })
  t.match(navigation, [{ code: 'STAGEDOOR_POLICY_UNAUTHENTICATED', status: 302 }])
  t.equal(navigation.length, 1)
  t.match(await linesOf(stack, '/x//y'), [{ status: 400, method: 'GET' }])
  t.match(await linesOf(stack, '/.stagedoor/jwks.json'), [
    { msg: 'request', path: '/.stagedoor/jwks.json', status: 200 },
  ])
})

t.test('probes and static files have a log line only when they fail', async (t) => {
  const stack = await stackWithFile(t, { quiet: ['/.stagedoor/health/**', '/public/static/**', '/private/static/**'] })
  t.same(await linesOf(stack, '/.stagedoor/health/live'), [])
  t.same(await linesOf(stack, '/public/static/app.js'), [])
  t.equal((await linesOf(stack, '/public/statics')).length, 1)
  t.equal((await linesOf(stack, '/private/static/app.js')).length, 1)
})

t.test('a configured share of quiet requests has a log line, chosen by trace id', async (t) => {
  const stack = await stackWithFile(t, { quiet: ['/public/**'], sampleRatio: 0.5 })
  const counts = await Promise.all(Array.from({ length: 64 }, () => linesOf(stack, '/public/x')))
  const logged = counts.flat().length
  t.ok(logged > 0 && logged < 64, `${logged} of 64`)
})

t.test(
  'with the trail in the log, an allowed request has only its record, and a refused one its log line as well',
  async (t) => {
    const stack = await startStack(t)
    t.same(await linesOf(stack, '/public/x'), [])
    t.match(stack.records().at(0), { event: 'decision', path: '/public/x' })
    t.equal((await linesOf(stack, '/private')).length, 1)
    t.equal((await linesOf(stack, '/.stagedoor/jwks.json')).length, 1)
  },
)

t.test('with a log level above info no log line is built', async (t) => {
  const stack = await stackWithFile(t)
  stack.parts.requestLine.logger.info = () => t.fail('made a line')
  Object.assign(stack.parts.requestLine.logger, { level: 'warn' })
  t.equal((await fetch(`${stack.directUrl}/public/x`)).status, 200)
})
