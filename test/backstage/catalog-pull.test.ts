import t from 'tap'
import type { Test } from 'tap'

import { startLocalAuth0 } from '../../auth0/local/server.ts'
import { until } from '../support/until.ts'
import { buildModule, requireBuilt } from './catalog-import.ts'

type Pull = {
  pullEvents: (options: {
    client: unknown
    signal: AbortSignal
    logger: { warn: (line: string) => void }
    onEvent: (event: unknown) => void
    onGap: () => void
  }) => Promise<void>
}
type Clients = { createManagementClient: (options: object) => unknown }

await buildModule(t)
const { pullEvents } = requireBuilt('live/pull.js') as Pull
const { createManagementClient } = requireBuilt('management/client.js') as Clients

/** Reads the local Auth0's events until the test ends. */
async function startPull(t: Test, settings: { groups?: boolean } = {}) {
  const auth0 = await startLocalAuth0({ settings })
  const { issuer, management } = auth0
  const stopping = new AbortController()
  const events: { type: string }[] = []
  const seen = { gaps: 0, events, warnings: [] as string[] }
  const pulling = pullEvents({
    client: createManagementClient({ issuer, audience: `${issuer}api/v2/`, ...management }),
    signal: stopping.signal,
    logger: { warn: (line) => void seen.warnings.push(line) },
    onEvent: (event) => void events.push(event as { type: string }),
    onGap: () => void (seen.gaps += 1),
  })
  t.teardown(async () => {
    stopping.abort()
    await auth0.close()
    await pulling
  })
  await until(() => auth0.eventStreams() === 1)
  return { auth0, seen }
}

t.test('events arrive between heartbeats, and the reader resumes a stream that ends', async (t) => {
  const { auth0, seen } = await startPull(t)
  auth0.switches.beatEvents()
  auth0.switches.emitEvent('user.created', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 1)
  auth0.switches.endEventStreams()
  auth0.switches.emitEvent('user.updated', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 2)
  t.same(
    seen.events.map(({ type }) => type),
    ['user.created', 'user.updated'],
  )
  t.same([seen.gaps, seen.warnings], [0, []])
})

t.test('an offset that Auth0 no longer knows reports missed events', async (t) => {
  const { auth0, seen } = await startPull(t)
  auth0.switches.emitEvent('user.created', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 1)
  auth0.switches.expireEvents()
  auth0.switches.endEventStreams()
  await until(() => seen.gaps === 1)
  t.equal(seen.gaps, 1)
  t.match(seen.warnings, [/no event stream \(410\)/])
})

t.test('with a tenant without Groups (400) the reader leaves out group events and reads all others', async (t) => {
  const { auth0, seen } = await startPull(t, { groups: false })
  auth0.switches.emitEvent('user.created', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 1)
  auth0.switches.endEventStreams()
  auth0.switches.emitEvent('user.updated', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 2)
  t.match(seen.warnings, [/no event stream \(400\)/], 'the next stream does not ask again')
  t.equal(seen.gaps, 0)
})

t.test('a rejected offset (400) is dropped, and group events are still requested', async (t) => {
  const { auth0, seen } = await startPull(t)
  auth0.switches.failNext('/api/v2/events', [400, 400])
  auth0.switches.emitEvent('user.created', { user_id: 'auth0|1' })
  await until(() => seen.events.length === 1)
  auth0.switches.endEventStreams()
  await until(() => seen.gaps === 1)
  auth0.switches.emitEvent('group.created', { id: 'grp_1' })
  await until(() => seen.events.length === 2)
  t.match(seen.events, [{ type: 'user.created' }, { type: 'group.created' }])
})

t.test('a stream that breaks is opened again', async (t) => {
  const { auth0, seen } = await startPull(t)
  auth0.switches.endEventStreams('maintenance')
  await until(() => auth0.counters.events >= 2)
  t.match(seen.warnings, [/broke.*maintenance/])
})

t.test('the delays restart if a stream delivered something before it broke', async (t) => {
  const { auth0, seen } = await startPull(t)
  for (const round of [1, 2, 3]) {
    await until(() => auth0.eventStreams() === 1)
    auth0.switches.emitEvent('user.created', { user_id: `auth0|${round}` })
    await until(() => seen.events.length === round)
    auth0.switches.endEventStreams('maintenance')
    await until(() => seen.warnings.length === round)
  }
  const waits = seen.warnings.map((line) => Number(/next try in (\d+) ms/.exec(line)?.[1]))
  t.ok(Math.max(...waits) <= 1_000, `${waits.join(', ')} ms`)
})
