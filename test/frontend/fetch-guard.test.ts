import t from 'tap'

import { createFetchGuard } from '../../plugins/app-module-stagedoor/src/fetch-guard.ts'
import type { Outcome } from '../../plugins/app-module-stagedoor/src/gate.ts'
import { guardAuthorize } from '../../plugins/app-module-stagedoor/src/permission-guard.ts'

const url = 'https://portal/api/demo/notes'
const over = () =>
  new Response('{"code":"STAGEDOOR_POLICY_UNAUTHENTICATED"}', {
    status: 401,
    headers: { 'content-type': 'application/problem+json' },
  })
const good = () => new Response('{}', { status: 201 })

function startFetch(answers: (() => Response)[], outcomes: { pass?: Outcome; settle?: Outcome } = {}) {
  const seen = { bodies: [] as string[], settled: 0 }
  const guard = {
    pass: async () => outcomes.pass ?? 'retry',
    settle: async () => {
      seen.settled += 1
      return outcomes.settle ?? 'retry'
    },
  }
  const next: typeof fetch = async (input, init) => {
    seen.bodies.push(await new Request(input, init).text())
    return (answers.shift() ?? good)()
  }
  const guarded = createFetchGuard(guard, (called) => called.startsWith('https://portal/')).apply(next)
  return { guarded, seen }
}

const form = new FormData()
form.set('note', 'whole')

t.test('a call that was challenged is sent again with the same body', async (t) => {
  const table: [string, () => Parameters<typeof fetch>, RegExp][] = [
    ['no body', () => [url], /^$/],
    ['a URL object', () => [new URL(url)], /^$/],
    ['text', () => [url, { method: 'POST', body: 'whole' }], /^whole$/],
    ['a form', () => [url, { method: 'POST', body: form }], /name="note"\r\n\r\nwhole/],
    ['a blob', () => [url, { method: 'POST', body: new Blob(['whole']) }], /^whole$/],
    ['a request', () => [new Request(url, { method: 'POST', body: 'whole' })], /^whole$/],
    ['a request as options', () => [url, new Request(url, { method: 'POST', body: 'whole' })], /^whole$/],
  ]
  for (const [what, parameters, body] of table) {
    const { guarded, seen } = startFetch([over])
    t.equal((await guarded(...parameters())).status, 201, what)
    t.equal(seen.settled, 1)
    t.match(seen.bodies, [body, body])
  }
})

t.test('a stream cannot be sent twice: after login the caller gets the 401', async (t) => {
  const init = () => ({ method: 'POST', body: new Blob(['once']).stream(), duplex: 'half' as const })
  const used = new Request(url, { method: 'POST', body: 'once' })
  const { guarded, seen } = startFetch([over, over])
  t.equal((await guarded(url, init())).status, 401)
  t.same(seen, { bodies: ['once'], settled: 1 })
  await used.text()
  await t.rejects(guarded(used), TypeError)
  await t.rejects(guarded(url, used), TypeError)
})

t.test('without a login the caller gets the 401 of the call', async (t) => {
  const { guarded, seen } = startFetch([over], { settle: 'give-up' })
  const response = await guarded(url)
  t.match(await response.json(), { code: 'STAGEDOOR_POLICY_UNAUTHENTICATED' })
  t.equal(seen.bodies.length, 1)
})

t.test('no call is sent while the session is over and the login was declined', async (t) => {
  const { guarded, seen } = startFetch([], { pass: 'give-up' })
  await t.rejects(guarded(url), { name: 'SessionOverError' })
  t.equal(seen.bodies.length, 0)
})

t.test('a call that is challenged each time fails', async (t) => {
  const { guarded, seen } = startFetch([over, over, over, over])
  t.equal((await guarded(url)).status, 401)
  t.equal(seen.bodies.length, 3)
})

t.test('calls to other sites pass unchanged', async (t) => {
  const { guarded, seen } = startFetch([over], { pass: 'give-up' })
  t.equal((await guarded('https://other/x')).status, 401)
  t.equal((await guarded(new Request('https://other/x'))).status, 201)
  t.equal(seen.settled, 0)
})

t.test('a permission request is sent again after login, and a refusal is passed on', async (t) => {
  const unauthorized = Object.assign(new Error('401'), { statusCode: 401 })
  const ask = (errors: unknown[], outcomes: { pass?: Outcome; settle?: Outcome } = {}) => {
    const authorize = async (permission: string) => {
      const error = errors.shift()
      if (error !== undefined) throw error
      return `${permission}: allowed`
    }
    const guard = { pass: async () => outcomes.pass ?? 'retry', settle: async () => outcomes.settle ?? 'retry' }
    return guardAuthorize(authorize, guard)('read')
  }
  t.equal(await ask([]), 'read: allowed')
  t.equal(await ask([unauthorized]), 'read: allowed')
  await t.rejects(ask([unauthorized], { settle: 'give-up' }), { message: '401' })
  await t.rejects(ask([unauthorized, unauthorized]), { message: '401' })
  await t.rejects(ask([], { pass: 'give-up' }), { name: 'SessionOverError' })
  for (const other of [new Error('500'), 'text', null]) await t.rejects(ask([other]))
})
