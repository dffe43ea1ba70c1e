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

/** Two gateway processes whose clocks the test sets. */
async function startClockedStack(t: Parameters<typeof startReplicas>[0]) {
  const clock = join(await temporaryFolder(t), 'clock')
  process.env['DRILL_CLOCK'] = clock
  const stack = await startReplicas(
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
    ...stack,
    /** Moves the clocks of all processes forward or back by this much. */
    async setClocks(offsetMs: number): Promise<void> {
      await writeFile(clock, String(offsetMs))
      for (const replica of stack.all) {
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
  'while clocks jump, signed-out sessions stay out, others go on, and assertions have the current time',
  { timeout: 3_600_000 },
  async (t) => {
    const stack = await startClockedStack(t)
    const report = startReport(t, 'clock jumps')
    const [cookie, gone] = [await stack.signIn(), await stack.signIn('max@example.com')]
    await signOut(stack, gone)
    const answers = async (who: string) => {
      report.requests += stack.all.length
      return Promise.all(stack.all.map((replica) => replica.fetch('/', who)))
    }
    const jumps = [0.5, -0.5, -2, 2, 0.001, 5, -5, 1, -1]
    do {
      let hours = 0
      for (const jump of jumps) {
        hours += jump
        await stack.setClocks(hours * hourMs)
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
      await stack.setClocks(0)
    } while (report.hasTime())

    await stack.setClocks(13 * hourMs)
    t.same(
      (await answers(cookie)).map(({ status }) => status),
      [401, 401],
      'after the absolute limit it is over',
    )
    await stack.setClocks(0)
    t.same(
      (await answers(gone)).map(({ status }) => status),
      [401, 401],
      'who signed out stays out',
    )
    t.equal(
      (await stack.all[1]?.fetch('/', await stack.signIn()))?.status,
      200,
      'with the right time a login goes through',
    )
  },
)

/** An upstream with the same clock must accept the assertion, for at most five minutes. */
function judgeStatement(t: Parameters<typeof startReplicas>[0], text: string, nowSeconds: number): void {
  const { iat = 0, exp = 0 } = decodeJwt(assertionIn(text))
  t.ok(iat <= nowSeconds + slackSeconds && exp > nowSeconds - slackSeconds, 'the assertion is valid now')
  t.ok(exp <= nowSeconds + 300 + slackSeconds, 'and not for longer than it may be')
}

t.test(
  'a key that took over while the clock was ahead is replaced at once by a rotation at the right time',
  { timeout: 600_000 },
  async (t) => {
    const stack = await startClockedStack(t)
    const report = startReport(t, 'clock jumps and keys')
    await stack.setClocks(10 * dayMs)
    await rotateKeys(stack, Date.now() + 10 * dayMs)
    await stack.setClocks(0)
    report.faults += 2
    const [former] = (await publishedBy(stack, 0)).slice(-1)
    await rotateKeys(stack, Date.now())
    for (const id of stack.all.keys()) {
      await until(async () => !(await publishedBy(stack, id)).slice(-1).includes(former))
      const cookie = await stack.signIn()
      const { kid } = decodeProtectedHeader(assertionIn((await stack.all[id]?.fetch('/', cookie))?.text ?? ''))
      t.ok((await publishedBy(stack, id)).includes(kid), 'what signs is published')
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

/** @param now the time of the gateways, so that they accept the token */
async function rotateKeys({ all, auth0 }: Replicas, now: number): Promise<void> {
  const { statusCode, body } = await request(`${all[0]?.url}/.stagedoor/admin/keys/rotate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${machineToken(auth0, {}, {}, now)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ purpose: 'assertion' }),
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${statusCode} ${text}`)
}

/** Ids of the keys. The key that takes over last is at the end. */
async function publishedBy({ all }: Replicas, id: number): Promise<(string | undefined)[]> {
  const { body } = await request(`${all[id]?.url}/.stagedoor/jwks.json`)
  return ((await body.json()) as { keys: JWK[] }).keys.map(({ kid }) => kid)
}
