import t from 'tap'

import { createSessionEditor } from '../../support/aged-sessions.ts'
import { type Replica, type Replicas, replicaSecret, startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { countResources, createLeakCheck } from '../resources.ts'
import { type DrillReport, startReport } from '../support.ts'
import { type Browsing, judgeSessions, markOfRequest, startBrowsingWithSignOuts, warmUp } from './browsing.ts'
import { manners, startUnrulyUpstream, type UnrulyUpstream } from './unruly-upstream.ts'

const browserCount = 50
/** Sockets and pools may hold some of the latest requests. */
const maxHeld = 2 * browserCount

t.test(
  'when any part dies under load, every request has a decision, no identity is mixed up, and no session is lost or resurrected',
  { timeout: 3_600_000 },
  async (t) => {
    const upstream = await startUnrulyUpstream(t)
    const timeouts = { connect: '1s', headers: '2s' }
    const sections = { upstreams: { backstage: { url: upstream.url, timeouts } }, log: { level: 'fatal' } }
    const leaks = await createLeakCheck(
      t,
      () => stack,
      () => report,
    )
    const stack = await startReplicas(t, 2, {}, { upstreamUrl: upstream.url, sections, preload: [countResources] })
    const report = startReport(t, 'parts killed under load')
    const editor = await createSessionEditor(t, stack.redis.url, replicaSecret)
    const options = { stack, editor, issuer: stack.auth0.issuer, count: browserCount, report }
    const [survivor, ...others] = stack.all
    if (survivor === undefined) throw new Error('no gateway')
    await warmUp(t, options)
    const before = await leaks.measureAtRest(survivor)

    const browsing = await startBrowsingWithSignOuts(t, options)
    do await injectAll(stack, others, upstream, browsing, report)
    while (report.hasTime())
    await browsing.stop()

    const wrong = browsing.wrong()
    report.failures = wrong.length + upstream.unsigned.length
    t.same(wrong.slice(0, 5), [], `${report.requests} requests, ${report.faults} faults`)
    t.same(upstream.unsigned, [], 'the upstream saw no request without an assertion')
    await judgeSessions(t, options, browsing.all)
    await leaks.judge(survivor, before)
    const held = await leaks.heldRequests(survivor, markOfRequest)
    report.leaks += held > maxHeld ? 1 : 0
    t.ok(held <= maxHeld, `${held} of the requests are still held`)
    await until(() => upstream.openSockets() === 0)
    t.equal(upstream.openSockets(), 0, 'no connection to the upstream stays')
  },
)

/** Injects each fault once, with a little load in between. The replicas that are not mortal survive all of them. */
async function injectAll(
  stack: Replicas,
  mortal: readonly Replica[],
  upstream: UnrulyUpstream,
  browsing: Browsing,
  report: DrillReport,
): Promise<void> {
  const some = async (): Promise<void> => {
    report.faults += 1
    await browsing.some()
  }
  for (const [manner, outcome] of manners) {
    upstream.manner = manner
    // Requests under way still get the previous manner.
    await some()
    const before = browsing.answered(outcome)
    await until(() => browsing.answered(outcome) > before)
  }
  upstream.manner = 'well'
  await upstream.die()
  await some()
  await upstream.comeBack()
  await stack.redis.stop()
  await some()
  await stack.redis.start()
  stack.auth0.switches.down('refuse')
  await some()
  stack.auth0.switches.up()
  for (const replica of mortal) {
    await replica.kill()
    await some()
    await replica.start()
  }
}
