import t from 'tap'
import { request } from 'undici'

import { startStack } from '../support/stack.ts'

const flood = Array.from({ length: 12 }, (_, i) => `__Host-stagedoor-tx.${i}=${'x'.repeat(3_400)}`).join('; ')
const own = ['stagedoor', 'stagedoor.0', 'stagedoor.2', 'stagedoor-login', 'stagedoor-tx.0', 'stagedoor-tx.4']

t.test('headers that are too large get a page that deletes our cookies', async (t) => {
  const { url } = await startStack(t)
  const answer = await request(`${url}/.stagedoor/logout`, { headers: { accept: 'text/html', cookie: flood } })
  t.equal(answer.statusCode, 431)
  t.match(answer.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-store' })
  const cleared = [answer.headers['set-cookie']].flat()
  for (const name of own) {
    for (const prefix of ['', '__Host-']) {
      t.ok(
        cleared.some((line) => line?.startsWith(`${prefix}${name}=; Max-Age=0; Path=/;`)),
        prefix + name,
      )
    }
  }
  const text = await answer.body.text()
  t.match(text, /STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE/)
  t.equal(Number(answer.headers['content-length']), Buffer.byteLength(text))
})

t.test('a program with headers that are too large gets JSON that deletes our cookies', async (t) => {
  const { url } = await startStack(t, { config: { server: { maxHeaderBytes: '8KiB' } } })
  const answer = await request(`${url}/`, { headers: { accept: 'application/json', 'x-large': 'x'.repeat(9_000) } })
  t.equal(answer.statusCode, 431)
  t.equal(answer.headers['content-type'], 'application/problem+json')
  t.match(await answer.body.json(), { code: 'STAGEDOOR_BOUNDARY_HEADERS_TOO_LARGE' })
})
