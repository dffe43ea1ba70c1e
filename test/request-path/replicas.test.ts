import t, { type Test } from 'tap'

import { type Replica, type Replicas, startReplicas } from '../support/replicas.ts'
import { openAnswer, openSocket, startStreamingOrigin } from '../support/streams.ts'
import { until } from '../support/until.ts'

const pull = { clientId: 'stagedoor-management', clientSecret: 'stagedoor-management-secret-for-local-use-only' }
const people = ['jane@example.com', 'max@example.com', 'eve@example.com']

const subjectOf = ({ auth0 }: Replicas, email = '') => auth0.users.find((user) => user.email === email)?.id ?? ''

/** Opens a WebSocket, an event stream and a download of one session at each replica. */
async function openEverywhere(t: Test, { all }: Replicas, cookie: string) {
  return Promise.all(
    all.flatMap(({ url }) => [
      openSocket(t, `${url}/socket`, cookie),
      openAnswer(t, `${url}/stream`, cookie),
      openAnswer(t, `${url}/download`, cookie),
    ]),
  )
}

const isRefusedBy = (replica: Replica, cookie: string): Promise<void> =>
  until(async () => (await replica.fetch('/x', cookie)).status === 401)

for (const store of ['redis', 'cookie']) {
  t.test(`three replicas, sessions in ${store}`, async (t: Test) => {
    const upstreamUrl = (await startStreamingOrigin(t)).url
    const replicas = await startReplicas(t, 3, { store }, { upstreamUrl, events: { pull } })
    const [first, second] = replicas.all as [Replica, Replica, Replica]
    const { auth0 } = replicas
    auth0.switches.setClient(auth0.clientId, {
      backchannelLogoutUrls: [`${second.url}/.stagedoor/backchannel-logout`],
      backchannelLogoutInitiators: 'all',
    })

    /** Milliseconds from `revoke` until every connection is closed and every replica refuses the session. */
    async function measure(email: string | undefined, revoke: (cookie: string) => Promise<unknown>): Promise<number> {
      const cookie = await replicas.signIn(email)
      const open = await openEverywhere(t, replicas, cookie)
      const since = performance.now()
      await revoke(cookie)
      const ended = await Promise.all(open.map((each) => each.ended))
      await Promise.all(replicas.all.map((replica) => isRefusedBy(replica, cookie)))
      const codes = ended.flatMap(({ code }) => code ?? [])
      t.same(codes, [4401, 4401, 4401])
      return Math.max(...ended.map(({ afterMs }) => afterMs(since)), 0)
    }

    const sources: [string, (cookie: string, email: string | undefined) => Promise<unknown>][] = [
      ['logout', (cookie) => post(first, '/.stagedoor/logout', cookie)],
      ['back-channel logout', (_, email) => auth0.switches.sendBackchannelLogout({ sub: subjectOf(replicas, email) })],
      [
        'an event of Auth0',
        async (_, email) => auth0.switches.emitEvent('user.deleted', { user_id: subjectOf(replicas, email) }),
      ],
    ]
    for (const [i, [source, revoke]] of sources.entries()) {
      const email = people[i]
      const figure = await measure(email, (cookie) => revoke(cookie, email))
      t.comment(`${store}: ${source}: 9 open connections closed and 3 replicas refused the session within ${figure} ms`)
    }
  })
}

async function post({ url }: Replica, path: string, cookie: string): Promise<unknown> {
  return fetch(url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
  })
}
