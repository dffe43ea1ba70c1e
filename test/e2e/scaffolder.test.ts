import { setTimeout as delay } from 'node:timers/promises'

import t from 'tap'
import { request } from 'undici'

import { patienceMs } from '../support/until.ts'
import { startPortal } from './portal.ts'

t.setTimeout(600_000)

const portal = await startPortal(t)
const { browser } = await portal.signIn()
const cookie = `stagedoor=${browser.cookiesOf(portal.url).get('stagedoor')}`

async function tokenOfBackstage(): Promise<string> {
  const { text } = await browser.fetch(`${portal.url}/api/auth/stagedoor/refresh`)
  return JSON.parse(text).backstageIdentity.token
}

/** The catalog reads the template in the background. Until then it cannot be started. */
async function startTask(headers: Record<string, string>): Promise<string> {
  const endsAt = performance.now() + patienceMs
  const body = JSON.stringify({ templateRef: 'template:default/new-service', values: { name: 'billing' } })
  for (;;) {
    const { status, text } = await browser.fetch(`${portal.url}/api/scaffolder/v2/tasks`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    })
    if (status === 201) return JSON.parse(text).id
    if (status !== 404 || performance.now() > endsAt) throw new Error(`no task was started: ${status} ${text}`)
    await delay(200)
  }
}

t.test('a template runs as the person who started it, and its log arrives completely', async (t) => {
  const authorization = `Bearer ${await tokenOfBackstage()}`
  const id = await startTask({ authorization })
  const response = await request(`${portal.url}/api/scaffolder/v2/tasks/${id}/eventstream`, {
    headers: { cookie, authorization, accept: 'text/event-stream' },
  })
  t.equal(response.statusCode, 200)
  const arrivals: number[] = []
  let log = ''
  for await (const piece of response.body) {
    arrivals.push(performance.now())
    log += String(piece)
    if (log.includes('event: completion')) break
  }
  t.match(log, /"status":"completed"/)
  t.match(log, /Made for user:default\/jane/)
  t.match(log, /name: billing/)
  t.match(log, /owner: user:default\/jane/)
  const spreadMs = Math.round((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0))
  t.comment(`the log came in ${arrivals.length} pieces over ${spreadMs} ms`)
})

t.test('a template cannot be started without a login', async (t) => {
  const { statusCode, body } = await request(`${portal.url}/api/scaffolder/v2/tasks`, { method: 'POST', body: '{}' })
  t.match(await body.json(), { code: 'STAGEDOOR_POLICY_UNAUTHENTICATED' })
  t.equal(statusCode, 401)
})
