import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import t from 'tap'
import { request } from 'undici'

import { temporaryFolder } from '../../audit/support.ts'
import { machinesIn, machineToken } from '../../support/machine.ts'
import { type Replicas, startReplicas } from '../../support/replicas.ts'
import { until } from '../../support/until.ts'
import { startReport } from '../support.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const slackSeconds = 60

/** Two gateways as processes whose clocks the test sets. */
async function startClockedHouse(t: Parameters<typeof startReplicas>[0]) {
  const clock = join(await temporaryFolder(t), 'clock')
  process.env['DRILL_CLOCK'] = clock
  const house = await startReplicas(
    t,
    2,
    { absoluteTimeout: '12h', idleTimeout: '12h' },
    {
      preload: [join(import.meta.dirname, 'shifting-clock.ts')],
      sections: {
        assertion: { keys: { store: 'redis', rotateEvery: '1h' } },
        machines: machinesIn,
        admin: { allow: { subjects: ['stagedoor-machine@clients'] } },
        log: { level: 'fatal' },
      },
    },
  )
  return {
    ...house,
    /** All processes believe that it is so much later, or earlier, than it is. */
    async setClocks(offsetMs: number): Promise<void> {
      await writeFile(clock, String(offsetMs))
      for (const replica of house.all) {
        const pid = replica.pid()
        process.kill(pid, 'SIGUSR2')
        await until(() =>
          readFile(`${clock}.${pid}`, 'utf8').then(
            (read) => Number(read) === offsetMs,
            () => false,
          ),
        )
      }
    },
  }
}

t.test(
  'whatever the clock does, a signed-out session stays out, the others go on, and what we sign is of the moment',
  { timeout: 3_600_000 },
  async (t) => {
    const house = await startClockedHouse(t)
    const report = startReport(t, 'clock jumps')
    const [cookie, gone] = [await house.signIn(), await house.signIn('max@example.com')]
    await signOut(house, gone)
    const answers = async (who: string) => {
      report.requests += house.all.length
      return Promise.all(house.all.map((replica) => replica.fetch('/', who)))
    }
    const jumps = [0.5, -0.5, -2, 2, 0.001, 5, -5, 1, -1]
    do {
      let hours = 0
      for (const jump of jumps) {
        hours += jump
        await house.setClocks(hours * hourMs)
        report.faults += 1
        const nowSeconds = (Date.now() + hours * hourMs) / 1_000
        for (const { status, text } of await answers(cookie)) {
          if (status !== 200) report.lost += 1
          t.equal(status, 200, `${hours} h: the session goes on`)
          if (status === 200) judgeStatement(t, text, nowSeconds)
        }
        const statuses = (await answers(gone)).map(({ status }) => status)
        report.resurrected += statuses.filter((status) => status === 200).length
        t.same(statuses, [401, 401], `${hours} h: who signed out stays out`)
      }
      await house.setClocks(0)
    } while (report.hasTime())

    await house.setClocks(13 * hourMs)
    t.same(
      (await answers(cookie)).map(({ status }) => status),
      [401, 401],
      'after the absolute limit it is over',
    )
    await house.setClocks(0)
    t.same(
      (await answers(gone)).map(({ status }) => status),
      [401, 401],
      'who signed out stays out',
    )
    t.equal(
      (await house.all[1]?.fetch('/', await house.signIn()))?.status,
      200,
      'with the right time a login goes through',
    )
  },
)

/** An upstream with the same clock must believe it, and not for longer than five minutes. */
function judgeStatement(t: Parameters<typeof startReplicas>[0], text: string, nowSeconds: number): void {
  const { iat = 0, exp = 0 } = decodeJwt(assertionIn(text))
  t.ok(iat <= nowSeconds + slackSeconds && exp > nowSeconds - slackSeconds, 'the assertion is valid now')
  t.ok(exp <= nowSeconds + 300 + slackSeconds, 'and not for longer than it may be')
}

t.test(
  'a key that took over while the clock was ahead is replaced at once when that is asked for with the right time',
  { timeout: 600_000 },
  async (t) => {
    const house = await startClockedHouse(t)
    const report = startReport(t, 'clock jumps and keys')
    await house.setClocks(10 * dayMs)
    await rotateKeys(house, Date.now() + 10 * dayMs)
    await house.setClocks(0)
    report.faults += 2
    const [former] = (await publishedBy(house, 0)).slice(-1)
    await rotateKeys(house, Date.now())
    for (const id of house.all.keys()) {
      await until(async () => !(await publishedBy(house, id)).slice(-1).includes(former))
      const cookie = await house.signIn()
      const { kid } = decodeProtectedHeader(assertionIn((await house.all[id]?.fetch('/', cookie))?.text ?? ''))
      t.ok((await publishedBy(house, id)).includes(kid), 'what signs is published')
      report.requests += 1
    }
  },
)

const assertionIn = (text: string): string =>
  (JSON.parse(text) as { headers: Record<string, string> }).headers['x-stagedoor-assertion'] ?? ''

async function signOut({ all }: Replicas, cookie: string): Promise<void> {
  const origin = all[0]?.url.replace('127.0.0.1', 'localhost') ?? ''
  const type = 'application/x-www-form-urlencoded'
  const headers = { cookie, origin, 'sec-fetch-site': 'same-origin', 'content-type': type }
  const answer = await request(`${all[0]?.url}/.stagedoor/logout`, { method: 'POST', headers, body: 'return_to=/' })
  await answer.body.dump()
  if (answer.statusCode !== 303) throw new Error(`signing out: ${answer.statusCode}`)
}

/** @param now of the gateways, so that they believe the token */
async function rotateKeys({ all, auth0 }: Replicas, now: number): Promise<void> {
  const { statusCode, body } = await request(`${all[0]?.url}/.stagedoor/admin/keys/rotate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${machineToken(auth0, {}, {}, now)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ purpose: 'assertion' }),
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${statusCode} ${text}`)
}

/** Ids of the keys, the one that signs last of all at the end. */
async function publishedBy({ all }: Replicas, id: number): Promise<(string | undefined)[]> {
  const { body } = await request(`${all[id]?.url}/.stagedoor/jwks.json`)
  return ((await body.json()) as { keys: JWK[] }).keys.map(({ kid }) => kid)
}
