import t, { type Test } from 'tap'

import { type Stack, type StackOptions, startStack } from '../support/stack.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../support/streams.ts'

async function startStreamingStack(t: Test, options: StackOptions = {}): Promise<Stack> {
  return startStack(t, { ...options, upstreamUrl: (await startStreamingOrigin(t)).url })
}

async function signedIn(stack: Stack, email?: string) {
  const { browser } = await stack.signIn(email)
  return { browser, cookie: () => `stagedoor=${browser.cookiesOf(stack.url).get('stagedoor')}` }
}

t.test(
  'a sign-out closes WebSockets with 4401, and ends event streams and downloads, of this session only',
  async (t) => {
    const stack = await startStreamingStack(t)
    const [jane, max] = [await signedIn(stack), await signedIn(stack, 'max@example.com')]
    const socket = await openSocket(t, `${stack.url}/socket`, jane.cookie())
    const stream = await openAnswer(t, `${stack.url}/stream`, jane.cookie())
    const download = await openAnswer(t, `${stack.url}/download`, jane.cookie())
    const bystander = await openSocket(t, `${stack.url}/socket`, max.cookie())

    const since = performance.now()
    await jane.browser.submit(`${stack.url}/.stagedoor/logout`, '/.stagedoor/logout', {})
    const ended = await socket.ended
    t.match(ended, { code: 4401, reason: 'The session has ended' })
    const figures = [ended, await stream.ended, await download.ended].map(({ afterMs }) => afterMs(since))
    t.comment(`socket, stream and download ended ${figures.join(', ')} ms after the sign-out was sent`)
    t.ok(bystander.isOpen())
  },
)

t.test('the open connections of a session end when it expires', async (t) => {
  let now = Date.now()
  const stack = await startStreamingStack(t, { now: () => now, config: { session: { idleTimeout: '10m' } } })
  const [jane, max] = [await signedIn(stack), await signedIn(stack, 'max@example.com')]
  const socket = await openSocket(t, `${stack.url}/socket`, jane.cookie())
  const unused = await openSocket(t, `${stack.url}/socket`, max.cookie())
  now += 9 * 60_000
  t.equal((await jane.browser.fetch(`${stack.url}/x`)).status, 200, 'a use that is noted')
  now += 9 * 60_000
  t.equal((await unused.ended).code, 4401)
  t.ok(socket.isOpen(), 'the use counts for what was open before it')
  now += 60_000
  const since = performance.now()
  const ended = await socket.ended
  t.equal(ended.code, 4401)
  t.comment(`an expired session's socket ended after ${ended.afterMs(since)} ms`)
})

t.test(
  'when a refresh removes a role, connections that needed it close with 4403, and the others stay open',
  async (t) => {
    let now = Date.now()
    const stack = await startStreamingStack(t, {
      now: () => now,
      config: {
        routes: [
          { name: 'operations', path: '/operations/**', allow: { roles: ['platform-admin'] } },
          { name: 'everything', path: '/**', allow: 'authenticated' },
        ],
      },
    })
    const jane = await signedIn(stack)
    const guarded = await openSocket(t, `${stack.url}/operations/socket`, jane.cookie())
    const open = await openSocket(t, `${stack.url}/socket`, jane.cookie())
    const id = stack.auth0.users.find(({ email }) => email === 'jane@example.com')?.id ?? ''
    stack.auth0.switches.setRoles(id, ['developer'])
    now += 10 * 60_000
    t.equal((await jane.browser.fetch(`${stack.url}/x`)).status, 200)
    t.match(await guarded.ended, { code: 4403, reason: 'Access was taken away' })
    t.ok(open.isOpen())
    t.equal((await jane.browser.fetch(`${stack.url}/operations/x`)).status, 403)
  },
)
